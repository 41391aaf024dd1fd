"""Doubts about a template as a whole: it runs, and may not do what was meant."""

import textwrap

import pytest
from tests.workflow.reading import machine

from boots.workflow.doubts import PLAIN, Rules
from boots.workflow.lint import lint
from boots.workflow.rendering import of_machine
from boots.workflow.template import Origin
from boots.workflow.wrapped import Text

HEAD = 'version: "0.1"\nname: t\ntasks:\n- name: one\n  worker: w\n  actions:\n'
IMAGE = "{name: image, image: image2disk, timeout: 9, environment: {%s}}"
DEST = "DEST_DISK: /dev/sda"
WRITE = "{name: file, image: writefile, timeout: 9, environment: {DEST_DISK: %s, DEST_PATH: /a%s}}"
END = "{name: go, image: reboot, timeout: 9}"
DIGEST = "SHA256: " + "a" * 64


def doubts(*actions: str, rules: Rules = PLAIN) -> list[str]:
    text = HEAD + "".join(f"  - {each}\n" for each in actions)
    reading = lint(Text("t", text, Origin("t.yaml")), rules).reading
    assert () == reading.faults
    return [
        f"{each.line} {each.field.partition('.')[2]}: {each.problem}" for each in reading.doubts
    ]


def test_nothing_is_doubtful_about_a_whole_template() -> None:
    image = IMAGE % f"{DEST}, IMG_URL: http://192.0.2.1/a.raw, {DIGEST}"

    assert [] == doubts(image, WRITE % ("/dev/sda1", ""), END)


@pytest.mark.parametrize(
    ("url", "doubtful"),
    [
        ("http://192.0.2.1/a.raw", True),
        ("https://192.0.2.1/a.raw", False),
        ("http://192.0.2.1/images/debian/index.json", False),
    ],
)
def test_an_image_over_http_is_proved_by_a_digest_or_its_frames(url: str, doubtful: bool) -> None:
    place = "7 actions[0].environment.IMG_URL"
    wanted = [f"{place}: nothing proves that what comes over http is what you meant"]

    assert (wanted if doubtful else []) == doubts(IMAGE % f"{DEST}, IMG_URL: '{url}'", END)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/images/debain/index.json",
        "http://192.0.2.1/images/debain",
        "http://192.0.2.1:8080/images/debain/",
    ],
)
def test_an_image_that_boots_does_not_have_is_told(url: str) -> None:
    own = IMAGE % f"{DEST}, {DIGEST}, IMG_URL: '{url}'"
    there = Rules(images=frozenset({"debian/index.json"}))

    assert [
        '7 actions[0].environment.IMG_URL: there is no image "debain" in boots.images'
    ] == doubts(own, END, rules=there)
    assert [] == doubts(own, END)
    assert [] == doubts(own.replace("debain", "debian"), END, rules=there)
    assert [] == doubts(own.replace("/images/", "/x/"), END, rules=there)


def test_partitions_of_a_disk_that_nothing_lays_out_are_told_once() -> None:
    other = IMAGE % f"DEST_DISK: /dev/sdb, IMG_URL: 'https://192.0.2.1/a', {DIGEST}"

    assert ["8 actions[1]: nothing before it partitions /dev/sda"] == doubts(
        other,
        WRITE % ("/dev/sda1", ""),
        WRITE.replace("{name: file", "{name: more") % ("/dev/sda2", ""),
        END,
    )


def test_rootio_lays_out_what_the_record_says() -> None:
    rootio = "{name: p, image: rootio, timeout: 9, command: [partition]}"

    assert [] == doubts(rootio, WRITE % ("/dev/sda1", ""), END)


def test_a_machine_that_is_left_in_osie_is_told() -> None:
    assert ["7 actions[0]: nothing comes after it, and the machine stays in OSIE"] == doubts(
        "{name: look, image: inventory, timeout: 9}"
    )


@pytest.mark.parametrize(
    "secret",
    [
        "REGISTRY_PASSWORD: geheim",
        "API_KEY: geheim",
        "ROOT_PASSWD: geheim",
        "NOTE: '-----BEGIN OPENSSH PRIVATE KEY----- x'",
    ],
)
def test_a_secret_that_stands_in_a_template_is_told_and_not_shown(secret: str) -> None:
    name = secret.partition(":")[0]
    (told,) = doubts(f"{{name: s, image: shell, timeout: 9, environment: {{{secret}}}}}", END)

    assert f"7 actions[0].environment.{name}: a secret in a template" in told
    assert "geheim" not in told


def test_a_secret_of_the_record_is_no_doubt() -> None:
    whose = machine("""
        machines:
          - {name: node-1, mac: 52:54:00:12:34:56, values: {registry: geheim}}
    """)
    text = HEAD + textwrap.indent(
        "- name: s\n  image: shell\n  timeout: 9\n  environment:\n"
        "    REGISTRY_PASSWORD: '{{ .hardware.spec.metadata.custom.registry }}'\n"
        "- {name: go, image: reboot, timeout: 9}\n",
        "  ",
    )

    assert () == of_machine(Text("t", text, Origin("t.yaml")), whose).reading.doubts


def test_a_container_is_refused_unless_containers_are_run() -> None:
    text = HEAD + "  - {name: c, image: flatcar-install, timeout: 9}\n"
    source = Text("t", text, Origin("t.yaml"))

    assert 1 == len(lint(source).reading.faults)
    assert () == lint(source, Rules(containers=True)).reading.faults
