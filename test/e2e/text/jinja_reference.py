"""What jinja2 makes of a chat template, in the environment that Hugging Face transformers gives it.

The environment is that of transformers 4.57 (utils/chat_template_utils.py), with `from_json` of llama.cpp added.
"""
import datetime
import functools
import json

import jinja2
import jinja2.ext
import jinja2.sandbox

NOW = datetime.datetime(2024, 7, 26, 12, 0, 0)  # the time of ingot-text-render


class Generation(jinja2.ext.Extension):
    """{% generation %} marks what the assistant said; its text is that of its body."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


@functools.cache
def environment():
    result = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    result.filters["tojson"] = to_json
    result.filters["from_json"] = json.loads
    result.globals["raise_exception"] = raise_exception
    result.globals["strftime_now"] = NOW.strftime
    return result


@functools.cache
def parsed(template):
    return environment().from_string(template)


def render(template, variables):
    """The text, or None where jinja2 raises an exception."""
    try:
        return parsed(template).render(**variables)
    except Exception:  # whatever a template can make Python raise
        return None
