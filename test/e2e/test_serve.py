"""`serve`: the OpenAI client, streams, a queue, what is refused, and the end."""
import concurrent.futures
import http.client
import json
import re
import signal
import socket
import subprocess
import time

import openai
import pytest

from conftest import run

QUESTION = [{"role": "system", "content": "You answer in one short sentence."},
            {"role": "user", "content": "What is the capital of France?"}]
ANSWER = "The capital of France is Paris."
KEY = "secret"


class Served:
    def __init__(self, executable, *options):
        self.process = subprocess.Popen([executable, "serve", "--port", "0", *map(str, options)],
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        self.port = int(re.search(r"serving on http://127.0.0.1:(\d+)", line).group(1))

    def client(self, key=KEY):
        return openai.OpenAI(base_url=f"http://127.0.0.1:{self.port}/v1", api_key=key, max_retries=0)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps(body) if isinstance(body, (dict, list)) else body
        connection.request(method, path, body, {"Authorization": f"Bearer {KEY}", **(headers or {})})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, json.loads(text)

    def raw(self, data):
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        return answer

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def served(ingot, smollm2):
    server = Served(ingot.compile(smollm2), "--api-key", KEY, "--queue", 1)
    yield server
    assert server.end() == 0


def chat(served, **options):
    return served.client().chat.completions.create(**{"model": "any", "messages": QUESTION, "temperature": 0, **options})


def test_chat(served):
    answer = chat(served)
    assert answer.choices[0].message.content == ANSWER
    assert answer.choices[0].message.role == "assistant" and answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens == 28 and answer.usage.completion_tokens == 8 and answer.usage.total_tokens == 36


def test_chat_stream(served):
    chunks = list(chat(served, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == ANSWER
    assert len(chunks) > 5, "the answer came in one piece"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens == 36


def test_completion(served, ingot, smollm2):
    executable = ingot.compile(smollm2)
    prompt = "The capital of France is"
    expected = run([executable, "-p", prompt, "-n", 12, "--temperature", 0, "--no-display-prompt"]).out.decode()
    create = served.client().completions.create
    answer = create(model="any", prompt=prompt, max_tokens=12, temperature=0)
    assert answer.choices[0].text.rstrip("\n") == expected.rstrip("\n")
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 12
    tokens = [int(token) for token in run([executable, "tokenize", prompt]).out.split()]
    assert create(model="any", prompt=tokens, max_tokens=12, temperature=0).choices[0].text == answer.choices[0].text
    parts = create(model="any", prompt=prompt, max_tokens=12, temperature=0, stream=True)
    assert "".join(part.choices[0].text for part in parts) == answer.choices[0].text


def test_stop_and_seed(served):
    assert chat(served, stop=[" France", "x y"]).choices[0].message.content == "The capital of"
    assert chat(served, max_tokens=2).choices[0].finish_reason == "length"
    texts = {chat(served, temperature=1.5, seed=7, max_tokens=8).choices[0].message.content for _ in range(2)}
    assert len(texts) == 1


def test_models_and_health(served):
    model = served.client().models.list().data[0]
    assert served.client().models.retrieve(model.id).id == model.id
    assert served.request("GET", "/health", headers={"Authorization": ""}) == (200, {"status": "ok"})


def test_key(served):
    with pytest.raises(openai.AuthenticationError):
        served.client("wrong").models.list()
    assert served.request("GET", "/v1/models", headers={"Authorization": ""})[0] == 401


def test_embeddings(served):
    status, body = served.request("POST", "/v1/embeddings", {"model": "any", "input": "x"})
    assert status == 501 and "embeddings" in body["error"]["message"]


def with_messages(**members):
    return {"messages": QUESTION, "max_tokens": 1, **members}


BAD = [
    ("/v1/chat/completions", "{", "the body is no JSON", None),
    ("/v1/chat/completions", "[" * 100000, "nested deeper than 200", None),
    ("/v1/chat/completions", b'{"messages": "\xff"}', "the body is no JSON", None),
    ("/v1/chat/completions", [], "the body must be a JSON object", None),
    ("/v1/chat/completions", {}, "'messages' must be an array", "messages"),
    ("/v1/chat/completions", {"messages": []}, "'messages' must be an array", "messages"),
    ("/v1/chat/completions", {"messages": [1]}, "must be an object", "messages[0]"),
    ("/v1/chat/completions", {"messages": [{"content": "x"}]}, "must be a string", "messages[0].role"),
    ("/v1/chat/completions", {"messages": [{"role": "user"}]}, "is missing", "messages[0].content"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": 1}]}, "a string or an array", "messages[0].content"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "no text",
     "messages[0].content"),
    ("/v1/chat/completions", with_messages(temperature=3), "from 0 to 2", "temperature"),
    ("/v1/chat/completions", with_messages(temperature="hot"), "from 0 to 2", "temperature"),
    ("/v1/chat/completions", with_messages(top_p=-1), "from 0 to 1", "top_p"),
    ("/v1/chat/completions", with_messages(max_tokens=0), "a whole number from 1", "max_tokens"),
    ("/v1/chat/completions", with_messages(max_tokens=1.5), "a whole number from 1", "max_tokens"),
    ("/v1/chat/completions", with_messages(seed="x"), "a whole number", "seed"),
    ("/v1/chat/completions", with_messages(stop=[1]), "an array of strings", "stop"),
    ("/v1/chat/completions", with_messages(stop=["x"] * 17), "more than 16", "stop"),
    ("/v1/chat/completions", with_messages(stream="yes"), "must be true or false", "stream"),
    ("/v1/chat/completions", with_messages(stream_options={}), "for a stream", "stream_options"),
    ("/v1/chat/completions", with_messages(n=2), "is not supported", "n"),
    ("/v1/chat/completions", with_messages(tools=[{}]), "is not supported", "tools"),
    ("/v1/chat/completions", with_messages(logprobs=True), "is not supported", "logprobs"),
    ("/v1/chat/completions", with_messages(frequency_penalty=1), "is not supported", "frequency_penalty"),
    ("/v1/chat/completions", with_messages(response_format={"type": "json_object"}), "is not supported", "response_format"),
    ("/v1/chat/completions", with_messages(nonsense=1), "Unknown parameter: 'nonsense'", "nonsense"),
    ("/v1/chat/completions", with_messages(model=1), "must be a string", "model"),
    ("/v1/completions", {}, "one string or one array of tokens", "prompt"),
    ("/v1/completions", {"prompt": ["a", "b"]}, "several prompts are not supported", "prompt"),
    ("/v1/completions", {"prompt": [-1]}, "one string or one array of tokens", "prompt"),
    ("/v1/completions", {"prompt": [10**9]}, "outside the vocabulary", "prompt"),
    ("/v1/completions", {"prompt": "x " * 5000}, "tokens and the context", "prompt"),
    ("/v1/completions", {"prompt": "x", "echo": True}, "is not supported", "echo"),
]


@pytest.mark.parametrize("path, body, message, parameter", BAD, ids=range(len(BAD)))
def test_bad_body(served, path, body, message, parameter):
    status, answer = served.request("POST", path, body)
    assert status == 400
    assert message in answer["error"]["message"] and answer["error"]["param"] == parameter
    assert answer["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("data, status", [
    (b"nonsense\r\n\r\n", 400),
    (b"GET /health HTTP/1.1\r\nX: " + b"x" * 20000 + b"\r\n\r\n", 431),
    (b"POST /v1/completions HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
    (b"POST /v1/completions HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
    (b"POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (b"GET /nonsense HTTP/1.1\r\nAuthorization: Bearer secret\r\n\r\n", 404),
    (b"GET /v1/completions HTTP/1.1\r\nAuthorization: Bearer secret\r\n\r\n", 405),
    (b"POST /health HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405),
])
def test_bad_request(served, data, status):
    assert served.raw(data).startswith(b"HTTP/1.1 %d " % status)


def test_several_requests_on_a_connection(served):
    one = b"GET /health HTTP/1.1\r\n\r\n"
    assert served.raw(one * 3).count(b'{"status":"ok"}') == 3


def long(served):
    return chat(served, messages=[{"role": "user", "content": "What is 2 + 2?"}], max_tokens=200).usage.completion_tokens


def test_queue_is_bounded(served):
    """One request is done and one waits; of four at once two are refused."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(long, served) for _ in range(4)]
        errors = [future.exception() for future in futures]
    refused = [error for error in errors if error]
    assert len(refused) == 2 and all(isinstance(error, openai.RateLimitError) for error in refused)


def test_cancelled_by_disconnecting(served):
    """What nobody reads is not generated: the next answer comes at once."""
    stream = chat(served, messages=[{"role": "user", "content": "What is 2 + 2?"}], max_tokens=3000, stream=True)
    next(iter(stream))
    stream.close()
    start = time.monotonic()
    assert chat(served).choices[0].message.content == ANSWER
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_while_it_works(ingot, smollm2, number):
    server = Served(ingot.compile(smollm2))
    stream = chat(server, messages=[{"role": "user", "content": "What is 2 + 2?"}], max_tokens=3000, stream=True)
    next(iter(stream))
    assert server.end(number) == 0


def test_bad_command_lines(ingot, smollm2):
    executable = ingot.compile(smollm2)
    named = run([executable, "serve", "--host", "localhost"], check=False)
    assert named.status == 1 and "'localhost' is no numeric address" in named.error
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        used = run([executable, "serve", "--port", taken.getsockname()[1]], check=False)
    assert used.status == 1 and "Address already in use" in used.error
