"""The desk, whole: one for the API, the pages and whoever else asks on an operator's behalf."""

from boots.app.desk.access import AccessDesk
from boots.app.desk.adoption import AdoptionDesk
from boots.app.desk.audit import AuditDesk
from boots.app.desk.disks import DisksDesk
from boots.app.desk.happened import HappenedDesk
from boots.app.desk.house import House
from boots.app.desk.machines import MachinesDesk
from boots.app.desk.network import NetworkDesk
from boots.app.desk.power import PowerDesk
from boots.app.desk.records import RecordsDesk
from boots.app.desk.workflows import WorkflowsDesk


class Desk:
    """Everything that `boots.api.desk.Desk` asks, by who answers it."""

    def __init__(self, house: House) -> None:
        machines, happened, network = MachinesDesk(house), HappenedDesk(house), NetworkDesk(house)
        access, power = AccessDesk(house), PowerDesk(house, machines)
        self.health, self.whose = access.health, access.whose
        self.tokens, self.make_token = access.tokens, access.make_token
        self.drop_token = access.drop_token
        self.machines, self.machine = machines.machines, machines.machine
        self.named = machines.named
        records = RecordsDesk(house, machines)
        self.create, self.replace, self.remove = records.create, records.replace, records.remove
        self.order, self.withdraw = machines.order, machines.withdraw
        self.profiles = machines.profiles
        self.provision, self.power, self.switch = power.provision, power.power, power.switch
        self.rendered, self.explain, self.plan = network.rendered, network.explain, network.plan
        self.discovered = network.discovered
        self.adopt = AdoptionDesk(records, network).adopt
        audit = AuditDesk(house)
        self.witnessed, self.write_down = audit.witnessed, audit.write_down
        self.audit, self.audit_proof = audit.audit, audit.audit_proof
        self.foreign, self.leases = network.foreign, network.leases
        self.packets, self.capture = network.packets, network.capture
        self.boots, self.boot, self.events = happened.boots, happened.boot, happened.events
        self.follow_events = happened.follow_events
        self.follow_machines = happened.follow_machines
        workflows = WorkflowsDesk(house, power)
        self.plan_run, self.create_run = workflows.plan_run, workflows.create_run
        self.runs, self.run = workflows.runs, workflows.run
        self.cancel_run, self.settle_run = workflows.cancel_run, workflows.settle_run
        self.retry_run, self.run_lines = workflows.retry_run, workflows.run_lines
        self.follow_run = workflows.follow_run
        self.undo = workflows.undo
        disks = DisksDesk(house)
        self.freeze, self.set_freeze = disks.freeze, disks.set_freeze
        self.edges, self.certificates = disks.edges, disks.certificates
