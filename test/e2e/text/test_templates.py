"""Chat templates against jinja2: those shipped with llama.cpp over several conversations, and the parts of the language."""
import html
import json
import os
import pathlib

import pytest

import downloads
import jinja_reference
from conftest import run

TOOL = pathlib.Path(os.environ.get("INGOTC", "build/bin/ingotc")).parent / "ingot-text-render"

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a place.",
    "parameters": {"type": "object", "properties": {
        "place": {"type": "string", "description": "Name of the place"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "description": "How many", "default": 1}}, "required": ["place"]}}}
TIME = {"type": "function", "function": {
    "name": "get_time", "description": "Now.", "parameters": {"type": "object", "properties": {}}}}


def message(role, content, **more):
    return {"role": role, "content": content, **more}


def call(arguments):
    return [{"id": "call12345", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}]


QUESTION = message("user", "What's the weather in Genève?\n")
TALK = [message("user", "Hello"), message("assistant", "Hi there! "), message("user", " 2 < 3 & \"quotes\" 'too'")]
REASONED = [message("user", "Think."), message("assistant", "<think>\nwell\n</think>\n\nDone."), message("user", "Again")]
TOOLS = [QUESTION, message("assistant", "", tool_calls=call({"place": "Genève", "days": 2})),
         message("tool", '{"degrees": 21.5}', name="get_weather", tool_call_id="call12345")]
ANSWERED = TOOLS + [message("assistant", "21.5 °C."), message("user", "Thanks")]
CONVERSATIONS = {
    "one question": {"messages": [QUESTION]},
    "system": {"messages": [message("system", "Be brief.\n")] + TALK},
    "several turns": {"messages": TALK},
    "no answer wanted": {"messages": TALK[:2], "add_generation_prompt": False},
    "reasoning": {"messages": REASONED},
    "tools offered": {"messages": [message("system", "Be brief."), QUESTION], "tools": [WEATHER, TIME]},
    "tool called": {"messages": TOOLS, "tools": [WEATHER]},
    "tool called, arguments as text": {
        "messages": [QUESTION, message("assistant", None, tool_calls=call('{"place": "Genève"}')), TOOLS[2]],
        "tools": [WEATHER]},
    "tool answered": {"messages": ANSWERED, "tools": [WEATHER, TIME]},
    "parts": {"messages": [message("user", [{"type": "text", "text": "Look: "}, {"type": "text", "text": "here"}])]},
    "thinking off": {"messages": TALK, "enable_thinking": False},
    "roles out of order": {"messages": [message("assistant", "Hi"), message("assistant", "Hello?")]},
}
ALWAYS = {"bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None, "add_generation_prompt": True}


def rendered(requests):
    """What Ingot makes of (template, variables) pairs."""
    lines = "".join(json.dumps({"template": template, "variables": variables}) + "\n" for template, variables in requests)
    answers = [json.loads(line) for line in run([TOOL], input=lines.encode()).out.splitlines()]
    assert len(answers) == len(requests)
    return answers


# In jinja2 `safe` marks a text, and what is then added to it is escaped: " becomes &#34;. Here nothing is ever escaped.
ESCAPED_BY_JINJA2 = {"meetkai-functionary-medium-v3.1"}


def test_templates_of_llama_cpp():
    """At least 60 give the text of jinja2 in every conversation, or refuse where it does; others are refused when parsed."""
    templates = downloads.llama_cpp_templates(downloads.CACHE)
    assert len(templates) >= 68
    cases = [(name, title, source, {**ALWAYS, **variables})
             for name, source in templates.items() for title, variables in CONVERSATIONS.items()]
    answers = rendered([(source, variables) for _, _, source, variables in cases])
    different, unsupported, texts = {}, {}, 0
    for (name, title, source, variables), answer in zip(cases, answers):
        expected = jinja_reference.render(source, variables)
        texts += expected is not None
        if not answer["parsed"]:
            unsupported[name] = answer["error"]
        elif answer.get("text") != (html.unescape(expected or "") if name in ESCAPED_BY_JINJA2 and expected else expected):
            different.setdefault(name, []).append((title, answer.get("error")))
    print("unsupported:", unsupported)
    assert not different
    assert len(templates) - len(unsupported) >= 60
    assert texts > 9 * len(templates)


# Templates, each a part of the language. The variables are those of the first conversation, and these.
VALUES = {"x": 5, "f": 2.5, "s": "Grüße aus Zürich ", "e": "", "n": None, "l": [3, 1, 2], "d": {"b": 1, "a": "x", "items": 7},
          "m": [{"k": "a", "v": 1}, {"k": "B", "v": 2}, {"k": "a", "v": 3}], "t": True, "big": 2**62, "q": "it's \"x\"\n\t\u200b"}
PARTS = [
    "{{ x }} {{ f }} {{ s }}|{{ e }}|{{ n }} {{ l }} {{ d }} {{ t }} {{ nothing }} {{ q }} {{ [q, 'it\\'s', \"a'\"] }}",
    "{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ -2 ** 2 }}",
    "{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1e16 }} {{ 1e15 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 3.0 }} {{ 1_000 }} {{ 1.5e3 }} {{ 1 / 3 }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 'a' in s }} {{ 'b' in d }} {{ 3 not in l }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }}",
    "{{ big + 0.5 == big }} {{ big < 4611686018427387905.5 }} {{ true + 1 }} {{ not x }} {{ n or 'z' }} {{ x and 0 }} {{ 1 if n }}|",
    "{{ 'a' 'b' ~ 1 ~ none ~ [1] }} {{ 'ab' * 3 }} {{ [1] * 2 + [3] }} {{ (1, 2) + (3,) }} {{ (1,) }} {{ () }} {{ 'x' if x > 4 else 'y' }}",
    "{{ s[0] }} {{ s[-2] }} {{ s[1:4] }} {{ s[::-1] }} {{ s[-7:] }} {{ s[:-1] }} {{ s[10:2:-2] }} {{ l[1:] }} {{ l[::-1] }} {{ l[7:] }} {{ l[99] }}",
    "{{ s.strip() }}|{{ s.upper() }}|{{ s.lower() }}|{{ s.title() }}|{{ s.split() }}|{{ s.split('ü') }}|{{ s.rsplit('ü', 1) }}|{{ s.replace('ü', 'ue', 1) }}",
    "{{ s.startswith('Gr') }} {{ s.endswith(('x', ' ')) }} {{ s.find('aus') }} {{ s.rfind('ü') }} {{ s.count('ü') }} {{ s.index('a') }} {{ s.partition(' ') }} {{ s.rpartition(' ') }}",
    "{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split(None, 1) }} {{ ' a  b '.rsplit(None, 1) }} {{ 'a\\nb\\r\\nc\\n'.splitlines() }} {{ 'xxaxx'.strip('x') }} {{ 'abc'.removeprefix('a').removesuffix('c') }}",
    "{{ ', '.join(['a', 'b']) }} {{ '{} {1} {a:>5}|{:05.1f}'.format(1, 2, a='z') }}", "{{ '{} {a:>5}|{:05.1f}|{:,}'.format(1, 2.25, 1234567, a='z') }}",
    "{{ '%s-%5d|%-4s|%.2f|%r|%%|%x' % ('a', 3, 'b', 1.005, 'c', 255) }} {{ '%(k)s' % {'k': 1} }} {{ '%s' % 5 }}", "{{ '%s %s' % 'a' }}",
    "{{ 'a1'.isalnum() }} {{ 'ß'.isalpha() }} {{ '12'.isdigit() }} {{ ' '.isspace() }} {{ 'A1'.isupper() }} {{ 'É'.islower() }} {{ ''.isalpha() }} {{ 'ab'.rjust(5, '.') }} {{ 'ab'.ljust(4) }}|",
    "{{ d['items'] }} {{ d.b }} {{ d['a'] }} {{ d.get('z') }} {{ d.get('z', 3) }} {{ d.keys() | list }} {{ d.values() | list }} {{ d.items() | list }} {{ d.c is defined }}",
    "{{ d.z.y }}", "{{ nothing.y }}", "{{ nothing + 1 }}", "{{ none.x }}|", "{{ x.y }}|", "{{ none.x.y }}", "{{ nothing() }}", "{{ 'a' + 1 }}", "{{ 1 / 0 }}", "{{ l | first }} {{ [] | first }} {{ l | last }}",
    "{{ l | sort }} {{ l | sort(reverse=true) }} {{ m | sort(attribute='k') }} {{ ['b', 'A', 'a'] | sort }} {{ ['b', 'A'] | sort(case_sensitive=true) }} {{ l | min }} {{ l | max }} {{ l | sum }} {{ m | sum(attribute='v') }}",
    "{{ [1, 'a'] | sort }}", "{{ d | dictsort }} {{ d | dictsort(true, 'key', true) }} {{ {'b': 1, 'A': 2} | dictsort(by='value') }} {{ d | length }} {{ s | length }} {{ nothing | length }} {{ x | length }}",
    "{{ m | map(attribute='k') | list }} {{ m | map(attribute='z', default='-') | join(',') }} {{ ['a', 'b'] | map('upper') | join }} {{ l | map('string') | list }} {{ m | join(';', attribute='k') }}",
    "{{ m | selectattr('k', 'equalto', 'a') | list }} {{ m | rejectattr('v', '>', 1) | map(attribute='v') | list }} {{ l | select('odd') | list }} {{ l | reject('in', [1, 2]) | list }} {{ [0, 1, ''] | select | list }}",
    "{{ m | map(attribute='k') | unique | list }} {{ m | groupby('k') }} {{ l | batch(2) | list }} {{ l | batch(2, 'x') | list }} {{ l | reverse | list }} {{ 'abc' | reverse }} {{ 'abc' | list }}",
    "{{ nothing | default('z') }} {{ '' | default('z') }}| {{ '' | default('z', true) }} {{ none | d(1) }} {{ s | trim }}| {{ 'xay' | trim('xy') }} {{ 'aBC d-e (f' | title }} {{ 'aBC' | capitalize }} {{ s | upper | lower }}",
    "{{ '42.7' | int }} {{ 'z' | int(9) }} {{ '0' | int }} {{ 3.9 | int }} {{ '1e3' | float }} {{ 'z' | float }} {{ 5 | float }} {{ -3 | abs }} {{ 2.5 | round }} {{ 42.55 | round(1, 'floor') }} {{ 1.25 | round(1) }} {{ 7 | round }}",
    "{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent('> ', blank=true) }}|{{ 'a b-c' | wordcount }} {{ 'hello world' | truncate(8) }} {{ 'foo bar baz qux' | truncate(9, true) }} {{ 'x' | center(5) }}|",
    "{{ d | tojson }} {{ [1, 2.0, none, true, 'ü\"\\n'] | tojson }} {{ d | tojson(indent=2) }} {{ d | tojson(sort_keys=true) }} {{ 'ü😀' | tojson(ensure_ascii=true) }} {{ [] | tojson(indent=1) }} {{ {} | tojson }} {{ [1, 2] | tojson(separators=(',', ':')) }} {{ '<a>' | tojson }}",
    "{{ nothing | tojson }}", "{{ m | map(attribute='k') | tojson }}", "{{ '<a href=\"x\">&' | e }} {{ s | replace('ü', 'y') }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 'a b/ü' | urlencode }} {{ x | string + 'a' }} {{ '%s=%s' | format('a', 1) }} {{ d | items | list }}",
    "{{ x is number }} {{ x is integer }} {{ t is integer }} {{ f is float }} {{ s is string }} {{ d is mapping }} {{ l is sequence }} {{ d is iterable }} {{ x is iterable }} {{ n is none }} {{ n is not none }} {{ t is true }} {{ t is boolean }} {{ x is odd }} {{ 6 is divisibleby 3 }}",
    "{{ nothing is undefined }} {{ x is eq 5 }} {{ x is gt(3) }} {{ x is in [5] }} {{ 'a' is lower }} {{ 'A' is upper }} {{ x is sameas 5 }} {{ range is callable }} {{ 'upper' is filter }} {{ 'odd' is test }} {{ x is defined and x is not string }} {{ nothing is iterable }}",
    "{% if x > 9 %}a{% elif x > 4 %}b{% else %}c{% endif %}{% if n %}{% endif %}{% if not n and (x or y) %}d{% endif %}",
    "{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }}{{ loop.changed(i > 1) }};{% endfor %}",
    "{% for k, v in d.items() if k != 'a' %}{{ k }}={{ v }}{{ loop.last }},{% else %}none{% endfor %}{% for i in [] %}{% else %}empty{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for c in 'añ' %}{{ c }}.{% endfor %}{% for i in nothing %}{% endfor %}",
    "{% for i in range(10) %}{% if i is odd %}{% continue %}{% endif %}{% if i > 6 %}{% break %}{% endif %}{{ i }}{% endfor %} {{ range(5, 0, -2) | list }} {{ range(3)[1] }}",
    "{% set y = 1 %}{% for i in l %}{% set y = y + i %}{{ y }}{% endfor %}{{ y }}{% set ns = namespace(a=1, b='z') %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c }}|",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c %}in {{ a }}{% endset %}{{ c }}{% set c | upper | trim %} x {% endset %}{{ c }}|{% set (p, q) = 'xy' %}{{ p }}{{ q }}{% if true %}{% set z = 3 %}{% endif %}{{ z }}",
    "{% set a, b = l %}", "{% set d.x = 1 %}", "{{ l.append(1) }}", "{{ d.update({}) }}",
    "{% macro f(a, b=2, c=a) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ f(1) }}{{ f(1, c=5) }}{{ f(b=1) }}{{ f(*[1, 2]) }}{{ f(**{'a': 9}) }}{{ f.name }}{{ f(1) | length }}",
    "{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, z=2) }}{{ f() }}", "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{% endmacro %}{{ f(z=2) }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}{% macro g() %}{{ v }}{% endmacro %}{% set v = 'late' %}{{ g() }}",
    "{% macro f(a) %}<{{ caller(a) }}{{ caller(2) }}>{% endmacro %}{% call(x) f(1) %}c{{ x }}{% endcall %}{% filter upper %}abc{{ 'd' }}{% endfilter %}{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}|",
    "a\n  {% if x %}  \nb\n  {% endif %}\n  {{ x }}  \n {# note #}\nc {%- if x %} d {%- endif -%}\n\n e {{- x -}}  f\n{%+ if x %}g{% endif +%}\nh\n\n",
    "{% if x %}\n\n a{% endif %}\n{#- c -#}  \n b {% raw %}{{ x }} {% if %}{% endraw %}\n{%- raw -%} \n y {% endraw -%}  z\r\nw\rv\n",
    "\t{%- set a = 1 -%}\n\t{{ a }}\n\t{# c #}{# d #}\n  \t{% set b = 2 %}{% set c = 2 %}\ne  {% if a %}f{% endif %}  \n",
    "{{ '\\x41\\u00e9\\n\\t\\\\\\'\\101\\q' }}{{ \"it's\" }}{{ {'a': {'b': {}}} }}{{ {1: 2, 'k': [1, {'z': (1, 2)}]} }}{{ {'a': 1}['a'] }}{{ {'x': 1,} }}{{ [1, 2,] }}",
    "{% generation %}{% set y = 4 %}{{ y }}{% endgeneration %}{{ y }}|{{ strftime_now('%d %b %Y %H:%M %A %%') }}{{ strftime_now('') }}|{{ namespace() is defined }}{{ dict(a=1, b=2) }}{{ dict([('a', 1)]) }}",
    "{{ raise_exception('no') }}", "{% for a in 5 %}{% endfor %}", "{{ messages[0].content }}{{ messages[0]['role'] }}{{ messages[-1].content[:3] }}{{ messages | length }}{{ messages[1:] }}",
    "{{ (x) }}{{ -x }}{{ +x }}{{ --x }}{{ x.__class__ }}|{{ -1 | abs }}{{ 'a' if false }}|{{ x is not defined or x }}{{ 'b' if x is defined else 'c' }}{{ not x is defined }}{{ 1 in [1] and 2 not in [1] }}",
    "{{ s[1:3].upper() ~ l[0] }}{{ m[0].k }}{{ m[0]['v'] + m.1.v }}{{ m | map(attribute='v') | sum }}{{ (m | first).k }}{{ ('a,b' | string).split(',')[1] }}{{ 'abc'[1] }}{{ l | join('-') | replace('-', '') | int + 1 }}",
    "{{ [1, true, 1.5, 'a', none, undefined_thing] }}", "{{ l.index(2) }}{{ l.count(1) }}{{ (1, 2).index(2) }}{{ l.copy() }}{{ d.copy() }}", "{{ x if x }}{{ 'é' | length }}{{ 'é😀x'[1:] }}{{ 'ΑΣΑ' | lower }}{{ 'straße' | capitalize }}",
]
# Not taken: told when a template is parsed.
UNSUPPORTED = {
    "{{ x | nonsense }}": "line 1: the filter 'nonsense' is not supported",
    "a\n\n{{ x is nonsense }}": "line 3: the test 'nonsense' is not supported",
    "{{ nonsense(1) }}": "line 1: the function 'nonsense' is not supported",
    "{{ s.encode('utf-8') }}": "line 1: the method 'encode' is not supported",
    "{{ l | map('nonsense') | list }}": "line 1: the filter 'nonsense' is not supported",
    "{{ l | select('nonsense') | list }}": "line 1: the test 'nonsense' is not supported",
    "{% extends 'base' %}": "line 1: the tag 'extends' is not supported",
    "{% do x %}": "line 1: the tag 'do' is not supported",
    "{% for i in l recursive %}{% endfor %}": "line 1: recursive loops are not supported",
    "{% if x %}": "line 1: the template ends inside of a block: {% endif %} is missing",
    "{% endif %}": "line 1: the tag 'endif' ends nothing here",
    "{% if x %}{% endfor %}": "line 1: the tag 'endfor' ends nothing here",
    "{{ x ": "line 1: an expression has no end: }} is missing",
    "{% if x": "line 1: a tag has no end: %} is missing",
    "{# x": "line 1: a comment has no end",
    "{{ 'x }}": "line 1: a string has no end",
    "{{ x ? }}": "line 1: unexpected '?'",
    "{{ x) }}": "line 1: unexpected ')'",
    "{{ }}": "line 1: expected an expression, found }}",
    "{{ x y }}": "line 1: expected }}, found 'y'",
    "{{ 99999999999999999999 }}": "line 1: the number 99999999999999999999 is out of range",
    "{% break %}": "line 1: 'break' outside of a loop",
    "{% raw %}": "line 1: {% raw %} has no {% endraw %}",
    "{{ f(a=1, 2) }}": "line 1: an argument without a name after one with a name",
    "{{ " + "(" * 300 + "x" + ")" * 300 + " }}": "line 1: expressions or blocks are nested deeper than 200",
    "{{ " + "x+" * 300 + "x }}": "line 1: an expression is nested deeper than 200",
    "{% if x %}" * 300: "line 1: expressions or blocks are nested deeper than 200",
}
# Taken, but stopped when they are rendered.
ENDLESS = {
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}": "nested deeper",
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}": "more work",
    "{% set n = namespace(a='x') %}{% for i in range(99999) %}{% set n.a = n.a ~ n.a %}{% endfor %}": "more work",
    "{{ 'x' * 999999999999 }}": "beyond",
    "{{ range(999999) }}": "a range of more than",
    "{% set n = namespace(a=[]) %}{% for i in range(99999) %}{% set n.a = [n.a] %}{% endfor %}": "nested deeper",
    "{% set n = namespace(a=[1]) %}{% for i in range(150) %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a }}": "holds more than",
    "{% set n = namespace() %}{% set n.n = n %}{{ n }}": "has no text",
    "{{ 9223372036854775807 + 1 }}": "64 bits",
}


def test_language():
    """Each part gives the text of jinja2, or refuses where jinja2 does."""
    variables = {**ALWAYS, **CONVERSATIONS["one question"], **VALUES}
    different = []
    for template, answer in zip(PARTS, rendered([(template, variables) for template in PARTS])):
        expected = jinja_reference.render(template, variables)
        if answer.get("text") != expected:
            different.append(f"{template}\n  expected {expected!r}\n  got      {answer}")
    assert not different, "\n".join(different)


@pytest.mark.parametrize("template", UNSUPPORTED, ids=range(len(UNSUPPORTED)))
def test_unsupported(template):
    (answer,) = rendered([(template, {"x": 1, "l": [1], "s": ""})])
    assert not answer["parsed"]
    assert answer["error"] == UNSUPPORTED[template]


@pytest.mark.parametrize("template", ENDLESS, ids=range(len(ENDLESS)))
def test_bounds(template):
    (answer,) = rendered([(template, {})])
    assert answer["parsed"] and ENDLESS[template] in answer["error"], answer
