"""``mkfs``: a file system on a partition."""

from boots_agent.actions.context import Context
from boots_agent.actions.making import make_file_system, maker_of
from boots_agent.actions.writing import partition_to_write


def make(context: Context) -> None:
    """Make it.

    Raises:
        ActionFailed: It cannot be made.
    """
    device, kind = context.required("DEST_DISK"), context.required("FS_TYPE")
    maker_of(kind)
    partition_to_write(context, device)
    make_file_system(context, device, kind, context.environment.get("LABEL", ""))
    context.refresh()
