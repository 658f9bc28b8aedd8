"""Chat templates in the usual styles (our own wording of them), and what Transformers' apply_chat_template makes of them.

    python tools/fixture_chat.py [OUT]
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

OUT = Path(__file__).parent.parent / "tests/fixtures/chat"
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}

TEMPLATES = {
    "chatml": """{% for message in messages %}
{% if loop.first and message['role'] != 'system' %}
{{ '<|im_start|>system\\nYou are of help.<|im_end|>\\n' }}
{% endif %}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim + '<|im_end|>' + '\\n' }}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\\n' }}
{% endif %}
""",
    "inst": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system = '<<SYS>>\\n' ~ messages[0]['content'].strip() ~ '\\n<</SYS>>\\n\\n' %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set system = '' %}
    {%- set turns = messages %}
{%- endif %}
{%- for message in turns %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Roles must alternate, a user first') }}
    {%- endif %}
    {%- if message['role'] == 'user' %}
        {{- '[INST] ' + (system if loop.first else '') + message['content'].strip() + ' [/INST]' }}
    {%- else %}
        {{- ' ' + message['content'].strip() + ' ' + eos_token }}
    {%- endif %}
{%- endfor %}""",
    "headers": """{{- bos_token }}
{%- macro header(role) %}
    {{- '<|start_header_id|>' + role + '<|end_header_id|>\\n\\n' }}
{%- endmacro %}
{%- set ns = namespace(system='', seen=0) %}
{%- for message in messages if message.role == 'system' %}
    {%- set ns.system = ns.system + message.content %}
{%- endfor %}
{{- header('system') }}
{%- if tools is not none %}
    {{- tools | tojson(indent=4) }}
{%- endif %}
{{- 'Cutting knowledge: ' + (date_string if date_string is defined else 'unknown') + '\\n' + ns.system + '<|eot_id|>' }}
{%- for message in messages %}
    {%- if message.role == 'system' %}{% continue %}{% endif %}
    {%- set ns.seen = ns.seen + 1 %}
    {{- header(message.role) + message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- header('assistant') }}
{%- endif %}
""",
    "turns": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{% for message in messages %}
{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}
{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %}""",
    "zephyr": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
    "python": """{%- for message in messages -%}
{%- set parts = message.content.split(' ') -%}
{{ message.role.upper() }}:{{ parts | length }}:{{ parts[-1].rstrip('!') }}:{{ message | tojson }}
{%- if 'assistant' in message.role and message.content.startswith('I') and not message.content.endswith('?') %}
 {% generation %}*{{ message.content.replace('am', 'was') }}*{% endgeneration %}

{%- endif %}
{%- for key, value in message.items() %} {{ key }}={{ value[:3] }}{% endfor %}
{{ "" }}
{%- endfor -%}
{{ messages | map(attribute='role') | join('/') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }}
{%- if messages[-1].role == 'user' and (missing is not defined or missing) %} open{% endif %}
""",
}
CONVERSATIONS = [
    [("user", "Hello!")],
    [("user", "  Spaces around\nand a line  "), ("assistant", "I am here."), ("user", "Are you? <b>\"yes\"</b> & 'no'")],
    [("system", "Speak like a pirate."), ("user", "Wo ist der Hund? 你好 🙂")],
    [("system", "Short."), ("user", "One"), ("assistant", "Two"), ("user", "Three"), ("assistant", "Four")],
    [("user", "One"), ("user", "Two")],
]


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"<unk>": 0})), **TOKENS)
    cases = []
    for name, template in TEMPLATES.items():
        for turns in CONVERSATIONS:
            messages = [{"role": role, "content": content} for role, content in turns]
            for open_turn in (False, True):
                case = {"template": name, "messages": messages, "add_generation_prompt": open_turn}
                try:
                    case["text"] = tokenizer.apply_chat_template(
                        messages, chat_template=template, tokenize=False, add_generation_prompt=open_turn)
                except Exception as error:  # noqa: BLE001: a template's own refusal, of whatever class
                    case["error"] = str(error)
                cases.append(case)
    text = json.dumps({"tokens": TOKENS, "templates": TEMPLATES, "cases": cases}, indent=1, ensure_ascii=False)
    (out / "cases.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
