"""What stands behind the operator's API and pages: `boots.api.desk.Desk`, by its subjects."""
