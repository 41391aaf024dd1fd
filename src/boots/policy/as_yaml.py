"""JSON that YAML's readers read, too: its flow style."""

import json
import re
from typing import Any

# What YAML does not take as it is: controls, breaks of lines, and halves of pairs.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def as_yaml(value: Any, indent: int | None = None) -> str:
    """A value as JSON, of which YAML makes the same; mappings of any kind are objects.

    A character beyond U+FFFF stands for itself: YAML knows no pairs of escapes.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=dict)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
