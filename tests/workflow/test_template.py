"""Tinkerbell's template, version 0.1: what is read of it, and what is said of mistakes."""

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.workflow.reading import reading, template

from boots.workflow.gotemplate import parse, render
from boots.workflow.template import Origin, read
from boots.workflow.wrapped import NoTemplate, unwrapped

WHOLE = """
    version: "0.1"
    name: debian
    global_timeout: 1800
    tasks:
      - name: install
        worker: 52:54:00:12:34:56
        volumes: [/dev:/dev]
        environment: {FS_TYPE: ext4, SHARED: task}
        actions:
          - name: file
            image: quay.io/tinkerbell/actions/writefile:latest
            timeout: 90
            pid: host
            volumes: [/worker:/worker]
            on-failure: [hold]
            on-timeout: [sh, -c, "true"]
            environment:
              DEST_DISK: /dev/sda1
              DEST_PATH: /etc/x
              MODE: 0644
              UID: 0
              STATIC_NETPLAN: true
              CONTENTS: ~
              IFNAME: 12:30:45
          - name: again
            image: reboot
"""


def faults(text: str) -> list[str]:
    return [str(fault) for fault in reading(text).faults]


def doubts(text: str) -> list[str]:
    return [str(doubt) for doubt in reading(text).doubts]


def test_all_of_it_is_read() -> None:
    found = template(WHOLE)
    (task,) = found.tasks
    action = task.actions[0]

    assert ("debian", "0.1", 1800) == (found.name, found.version, found.global_timeout)
    assert ("install", "52:54:00:12:34:56") == (task.name, task.worker)
    assert ("file", "host", 90) == (action.name, action.pid, action.timeout)
    assert ("hold",) == action.on_failure
    assert ("sh", "-c", "true") == action.on_timeout


def test_scalars_of_the_environment_are_what_was_written() -> None:
    environment = template(WHOLE).tasks[0].actions[0].environment

    assert "0644" == environment["MODE"]
    assert "true" == environment["STATIC_NETPLAN"]
    assert "12:30:45" == environment["IFNAME"]
    assert "" == environment["CONTENTS"]


def test_an_action_has_its_tasks_environment_and_its_own_wins() -> None:
    text = WHOLE.replace("MODE: 0644", "MODE: 0644\n              SHARED: own")

    assert "task" == template(WHOLE).tasks[0].actions[0].environment["SHARED"]
    assert "own" == template(text).tasks[0].actions[0].environment["SHARED"]


def test_volumes_of_the_task_come_before_those_of_the_action() -> None:
    assert ("/dev:/dev", "/worker:/worker") == template(WHOLE).tasks[0].actions[0].volumes


@pytest.mark.parametrize("timeout", ["", "timeout: 0"])
def test_an_action_without_a_timeout_has_an_hour_and_that_is_doubtful(timeout: str) -> None:
    text = WHOLE.replace("image: reboot", f"image: reboot\n            {timeout}")

    assert 3600 == template(text).tasks[0].actions[1].timeout
    assert any("no timeout: it may take an hour here" in each for each in doubts(text))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            'version: "0.1"',
            'version: "0.2"',
            't.yaml:2:1: version: version "0.2" is not known; write',
        ),
        ('version: "0.1"', "", "t.yaml:3:1: version: the version is missing"),
        ("name: debian", "name: " + "x" * 200, "t.yaml:3:1: name: the name has 200 letters; write"),
        (
            "worker: 52:54:00:12:34:56",
            'worker: ""',
            "t.yaml:7:5: tasks[0].worker: no worker: nobody would run this",
        ),
        ("name: again", "name: file", '[1].name: another action of this task is called "file" too'),
        (
            "name: again",
            "command: [a]",
            "t.yaml:26:9: tasks[0].actions[1].name: the action has no name",
        ),
        (
            "image: reboot",
            "image: Reboot",
            'image: "Reboot" is not the name of an image; write it like',
        ),
        ("image: reboot", "pid: host", "tasks[0].actions[1].image: the action has no image"),
        (
            "image: reboot",
            "image: rebot:v1",
            'no action goes by the image "rebot:v1"; did you mean "reboot"?',
        ),
        (
            "timeout: 90",
            "timeout: 90s",
            '"90s" is not a number of seconds; write a number of seconds, like',
        ),
        (
            "timeout: 90",
            "timeout: 90\n            timeout: 9",
            't.yaml:14: "timeout" is given twice in one mapping',
        ),
        ("timeout: 90", "\ttimeout: 90", "write blanks instead of the tab"),
        (
            "DEST_DISK: /dev/sda1",
            "DST_DISK: /dev/sda1",
            "environment: writefile needs DEST_DISK: a partition",
        ),
        (
            "MODE: 0644",
            'MODE: "<no value>"',
            'environment.MODE: "<no value>" had no value when it was rendered',
        ),
        ("volumes: [/dev:/dev]", "volumes: /dev:/dev", "tasks[0].volumes: a list is wanted here"),
        ("pid: host", "namespaces: host", "namespaces: a mapping is wanted here"),
    ],
)
def test_a_mistake_is_told_with_line_column_field_and_advice(
    right: str, wrong: str, said: str
) -> None:
    assert right in WHOLE
    assert any(said in fault for fault in faults(WHOLE.replace(right, wrong))), faults(
        WHOLE.replace(right, wrong)
    )


def test_all_mistakes_are_told_at_once() -> None:
    assert 3 == len(faults("version: 1\nname: x\ntasks: [{name: a, worker: b, actions: []}, 3]"))


@pytest.mark.parametrize(
    "text", ["", "- a", "a", "version: '0.1'\n---\nversion: '0.1'\n", "[" * 200]
)
def test_what_is_no_template_is_refused(text: str) -> None:
    assert 1 == len(faults(text))


def test_aliases_that_multiply_are_refused_soon() -> None:
    rows = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 6))
    text = f"a0: &a0 [x, x, x]\n{rows}tasks: *a5\n"

    assert ["t.yaml:1:1: its aliases multiply without end; write the actions out"] == faults(text)


def test_unknown_keys_are_doubtful_with_the_nearest() -> None:
    text = WHOLE.replace("pid: host", "on_failure: [x]")

    assert (
        't.yaml:14:9: tasks[0].actions[0].on_failure: "on_failure" means nothing here;'
        ' did you mean "on-failure"?'
    ) in doubts(text)


def test_unknown_variables_are_doubtful_but_not_those_of_the_task() -> None:
    text = WHOLE.replace("MODE: 0644", "MODES: 0644")

    assert [
        (
            "t.yaml:21:11: tasks[0].actions[0].environment.MODES:"
            ' writefile does not take MODES; did you mean "MODE"?'
        )
    ] == [each for each in doubts(text) if "environment" in each]


# --- wrapped in an object of Kubernetes


OBJECT = """\
apiVersion: tinkerbell.org/v1alpha1
kind: Template
metadata:
  name: debian
spec:
  data: |
    version: "0.1"
    name: {{ .name }}
    tasks: []
"""


def test_the_text_of_a_template_object_is_found_with_its_place() -> None:
    (found,) = unwrapped(OBJECT, "o.yaml")

    assert "debian" == found.name
    assert found.text.startswith('version: "0.1"\nname: {{ .name }}\n')
    faults = read(render(parse(found.text), {"name": "x"}), found.origin).faults
    assert "o.yaml:9:5: tasks: there is no task; write - name: … and what else a task has" == str(
        faults[0]
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apiVersion: v1\nkind: Secret\n", "o.yaml:1: there is no kind: Template in it"),
        (OBJECT[: OBJECT.index("|")], "o.yaml:6: spec.data: the template is a text here"),
    ],
)
def test_objects_without_a_template_are_refused(text: str, said: str) -> None:
    with pytest.raises(NoTemplate) as caught:
        unwrapped(text, "o.yaml")

    assert str(caught.value).startswith(said)


def test_a_bare_template_need_not_be_yaml_before_it_is_rendered() -> None:
    (found,) = unwrapped("name: {{ .a }}\n{{- if .b }}\n: :\n", "b.yaml")

    assert Origin("b.yaml") == found.origin


@settings(max_examples=200)
@given(
    st.text(max_size=120)
    | st.lists(st.sampled_from(textwrap.dedent(WHOLE).split("\n"))).map("\n".join)
)
def test_any_text_is_a_template_or_has_faults(text: str) -> None:
    found = reading(text.replace("{{", "{"))

    assert (found.template is None) == bool(found.faults)
