"""Records of armed disks: what the server signs, the agent takes, and nothing else."""

import pytest
from tests.agent.contract import Signed, armed

from boots_agent.handed import Record


@pytest.mark.parametrize("vector", armed(), ids=lambda each: str(each.record["run"]))
def test_what_the_server_signed_is_taken(vector: Signed) -> None:
    record = Record(vector.record)

    assert record.is_signed(vector.key.hex())
    assert vector.record["serial"] == record.serial
    assert not record.is_signed(bytes(32).hex())


@pytest.mark.parametrize("vector", armed(), ids=lambda each: str(each.record["run"]))
def test_a_record_of_which_anything_was_changed_is_not(vector: Signed) -> None:
    for name in vector.record:
        assert not Record({**vector.record, name: "another"}).is_signed(vector.key.hex())
        without = {key: value for key, value in vector.record.items() if key != name}
        assert not Record(without).is_signed(vector.key.hex())
    assert not Record({**vector.record, "more": 1}).is_signed(vector.key.hex())
