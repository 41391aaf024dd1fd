"""`reboot` and `poweroff`: the agent does it, when the server knows."""

from boots_agent.actions.context import Context, Leave


def reboot(context: Context) -> Leave:
    """Reboot the machine."""
    context.say("the machine reboots when the server says so")
    return Leave("reboot")


def off(context: Context) -> Leave:
    """Turn the machine off."""
    context.say("the machine is turned off when the server says so")
    return Leave("poweroff")
