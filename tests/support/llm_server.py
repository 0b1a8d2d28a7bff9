"""A scripted OpenAI-compatible server on loopback: it plays judges, good and bad, and faults."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OK = 200


def rubric_of(request):
    """The question, key points and misconceptions that stand in the system message."""
    _, rubric = request["messages"][0]["content"].split("\nquestion: ")
    question, *lines = rubric.split("\n")
    points = {"k": [], "m": []}
    for line in lines:
        name, _, text = line.partition(": ")
        if name[0] in points:
            points[name[0]].append({"id": name, "claim": text, "half": []})
            last = points[name[0]][-1]
        elif name == "half":
            last["half"].append(text)
        else:
            last[name] = text
    return {"question": question, "key_points": points["k"], "misconceptions": points["m"]}


def answer_of(request):
    return json.loads(request["messages"][1]["content"].splitlines()[-1])["answer"]


def marked_of(request):
    """The marked answers that are told before the answer."""
    for line in request["messages"][1]["content"].splitlines():
        if line.startswith('{"marked"'):
            return json.loads(line)["marked"]
    return []


def first_words(text):
    return " ".join(text.split()[:8])


def verdicts(request, key_point="covered", misconception="absent", quote=None):
    """A reply that gives every point the same verdict, with a quote from the answer."""
    rubric = rubric_of(request)
    said = quote if quote is not None else first_words(answer_of(request))

    def opinion(point, verdict):
        silent = verdict in {"missing", "absent"}
        return {"id": point["id"], "quote": None if silent else said, "verdict": verdict}

    return json.dumps(
        {
            "key_points": [opinion(p, key_point) for p in rubric["key_points"]],
            "misconceptions": [opinion(p, misconception) for p in rubric["misconceptions"]],
        }
    )


def asks_for_rubric(request):
    """Whether a rubric is to be drafted, rather than an answer judged."""
    return request["messages"][0]["content"].startswith("You write the rubric")


def asked_of(request):
    """The question and the reference that a rubric is to be drafted from."""
    return json.loads(request["messages"][1]["content"])


def key_point(claim, *, quote=None, points=1, also_accept=(), worth_half=()):
    return {
        "quote": claim if quote is None else quote,
        "claim": claim,
        "points": points,
        "also_accept": list(also_accept),
        "worth_half": list(worth_half),
    }


def rubric(request, *, points=None, misconceptions=()):
    """A draft: the points given, else each line of the reference as one."""
    lines = asked_of(request)["reference_answer"].splitlines()
    found = [key_point(line) for line in lines] if points is None else list(points)
    wrong = [
        {"claim": c, "correction": "No.", "why": "So.", "cost": 1, "against": [1]}
        for c in misconceptions
    ]
    return json.dumps({"key_points": found, "misconceptions": wrong})


def word_for_word(request, misconceptions=()):
    """A judge that finds said what stands there letter by letter, and drafts rubrics of lines."""
    if asks_for_rubric(request):
        return rubric(request, misconceptions=misconceptions)
    answer, told = answer_of(request), rubric_of(request)

    def opinion(id_, claim, said, silent):
        there = claim.rstrip(".") in answer
        return {
            "id": id_,
            "quote": claim.rstrip(".") if there else None,
            "verdict": said if there else silent,
        }

    return json.dumps(
        {
            "key_points": [
                opinion(p["id"], p["claim"], "covered", "missing") for p in told["key_points"]
            ],
            "misconceptions": [
                opinion(m["id"], m["claim"], "asserted", "absent") for m in told["misconceptions"]
            ],
        }
    )


def completion(text, request, *, finish="stop", refusal=None, usage=(100, 20)):
    """The body of a reply, at whichever rung was asked for."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    if "tools" in request and text is not None:
        call = {"name": request["tools"][0]["function"]["name"], "arguments": text}
        message |= {
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": call}],
        }
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": usage[0],
            "completion_tokens": usage[1],
            "total_tokens": sum(usage),
        },
    }


def common_beginning(one, other):
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


class PromptCache:
    """A script's replies from an endpoint that keeps the beginnings of prompts, as OpenAI's does.

    A token is four characters. What a prompt has in common with the beginning of any before it
    is told in whole blocks, if it is long enough; the counts stand where ``say`` puts them.
    """

    def __init__(self, script, *, least=256, block=32, say=None):
        self.script, self.least, self.block = script, least, block
        self.say = say or (lambda cached: {"prompt_tokens_details": {"cached_tokens": cached}})
        self.seen = []
        self.lock = threading.Lock()

    def __call__(self, request, number):
        text = json.dumps(request["messages"], ensure_ascii=False)
        with self.lock:
            common = max((common_beginning(text, other) for other in self.seen), default=0)
            self.seen.append(text)
        cached = common // 4 // self.block * self.block
        body = completion(self.script(request, number), request, usage=(len(text) // 4, 20))
        body["usage"] |= self.say(cached if cached >= self.least else 0)
        return body


def spoken(message, request, *, finish="stop", **more):
    """The body of a reply whose message is just so, as servers of many kinds write it."""
    whole = completion("", request, finish=finish)
    whole["choices"][0]["message"] = {"role": "assistant", **message}
    return whole | more


def refusal(body, status=400, **headers):
    """A fault with a body of any shape: what is not text is sent as JSON."""
    raw = body if isinstance(body, str) else json.dumps(body)
    return Fault(status, raw=raw.encode(), headers=headers)


@dataclass
class Fault:
    """A reply that is none: a status, or something worse."""

    status: int = 500
    message: str = "out of order"
    headers: dict = field(default_factory=dict)
    code: str | None = None
    param: str | None = None
    raw: bytes | None = None
    drop: bool = False
    delay: float = 0


def rung_of(request):
    """What the request asks for: schema, tool, json or plain."""
    if "tools" in request:
        return "tool"
    kind = request.get("response_format", {}).get("type")
    return {"json_schema": "schema", "json_object": "json"}.get(kind, "plain")


class BatchJobs:
    """The files and jobs of a server: each line of a job is answered by a script of its own.

    A line's Fault is a line of the error file; with ``status=0`` it never got a response, with
    ``raw`` it can't be read, and with ``drop`` it is in neither file.
    """

    def __init__(self, script):
        self.script = script
        self.states = []
        """What jobs are said to be when asked, one after the other; ``completed`` at the end."""
        self.fault = None
        """What every call to files and jobs gets instead."""
        self.at_beginning = None
        """What a call that begins a job gets instead."""
        self.slow = 0
        """Seconds between the beginning of a job and the reply that says so."""
        self.problem = ""
        self.files = {}
        self.jobs = {}
        self.lines = []
        """All lines that were submitted, job by job."""

    def upload(self, handler, data):
        header = f"Content-Type: {handler.headers['Content-Type']}\r\n\r\n".encode()
        parts = message_from_bytes(header + data).get_payload()
        fields = {p.get_param("name", header="Content-Disposition"): p for p in parts}
        assert fields["purpose"].get_payload() == "batch"
        return self._keep(fields["file"].get_payload(decode=True), "in")

    def create(self, wanted):
        assert wanted["endpoint"] == "/v1/chat/completions"
        assert wanted["completion_window"] == "24h"
        data = self.files[wanted["input_file_id"]]
        lines = [json.loads(line) for line in data.splitlines()]
        self.lines.append(lines)
        job = {
            "id": f"batch_{len(self.jobs) + 1}",
            "object": "batch",
            "status": "validating",
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
            "created_at": int(time.time()),
            **wanted,
        }
        self.jobs[job["id"]] = job
        time.sleep(self.slow)
        return job

    def create_another(self):
        """A job of somebody else at the same endpoint."""
        file = self._keep(b"", "in")["id"]
        endpoint = "/v1/chat/completions"
        self.create({"endpoint": endpoint, "completion_window": "24h", "input_file_id": file})

    def listed(self):
        newest_first = list(reversed(self.jobs.values()))
        return {"object": "list", "data": newest_first, "has_more": False}

    def retrieve(self, id_):
        job = self.jobs[id_]
        if "output_file_id" not in job:
            job["status"] = self.states.pop(0) if self.states else "completed"
            if job["status"] == "failed":
                job["errors"] = {"object": "list", "data": [{"message": self.problem}]}
            elif job["status"] in {"completed", "expired", "cancelled"}:
                self._work(job)
        return job

    def _work(self, job):
        good, bad = [], []
        lines = [json.loads(line) for line in self.files[job["input_file_id"]].splitlines()]
        for number, line in enumerate(lines):
            said = self.script(line["body"], number)
            if isinstance(said, Fault):
                bad.append(self._fault(line, said))
            else:
                body = said if isinstance(said, dict) else completion(said, line["body"])
                good.append(self._line(line, response={"status_code": OK, "body": body}))
        job["output_file_id"] = self._keep(b"".join(reversed(good)), "out")["id"]
        job["error_file_id"] = self._keep(b"".join(bad), "err")["id"] if bad else None
        job["request_counts"] |= {"completed": len(good), "failed": len(bad)}

    def _fault(self, line, said):
        if said.drop:
            return b""
        if said.raw is not None:
            return said.raw + b"\n"
        error = {"message": said.message, "code": said.code}
        if said.status:
            response = {"status_code": said.status, "body": {"error": error}}
            return self._line(line, response=response)
        return self._line(line, error=error)

    def _line(self, line, response=None, error=None):
        found = {"custom_id": line["custom_id"], "response": response, "error": error}
        return json.dumps(found, ensure_ascii=False).encode() + b"\n"

    def _keep(self, data, kind):
        id_ = f"file-{kind}-{len(self.files)}"
        self.files[id_] = data
        return {"id": id_, "object": "file", "bytes": len(data), "purpose": "batch"}


class Server:
    """Answers with ``script(request, number)``: a text, a dict (a whole body) or a Fault."""

    def __init__(self, script):
        self.script = script
        self.batch = BatchJobs(script)
        self.requests = []
        self.headers = []
        self.busy = 0
        self.most_busy = 0
        self.models = None
        """The names that it lists; without them it has no list."""
        self.slot = None
        """A lock makes it a server that works off one request after the other."""
        self.pace = 0.0
        """Seconds that each takes then, whether anybody still waits for it or not."""
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if self.path.endswith("/chat/completions"):
                    outer.answer(self)
                else:
                    outer.answer_for_jobs(self)

            def do_GET(self):
                outer.answer_for_jobs(self)

            def log_message(self, *_):
                """Keep quiet."""

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                """A client that has gone is part of the play."""

        self._http = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))

    @property
    def url(self):
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def wrap(self, context):
        """Speak TLS from now on."""
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def answer(self, handler):
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._lock:
            number = len(self.requests)
            self.requests.append(request)
            self.headers.append(handler.headers)
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        try:
            if self.slot is not None:
                with self.slot:
                    time.sleep(self.pace)
            said = self.script(request, number)
            if isinstance(said, Fault):
                time.sleep(said.delay)
        finally:
            with self._lock:
                self.busy -= 1
        self._reply(handler, request, said)

    def answer_for_jobs(self, handler):
        data = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        part = handler.path.strip("/").split("/")[1:]
        said = self.batch.fault
        if said is not None:
            pass
        elif part[-1:] == ["models"]:
            listed = [{"id": name} for name in self.models or ()]
            said = {"object": "list", "data": listed} if self.models else Fault(404)
        elif part == ["files"]:
            said = self.batch.upload(handler, data)
        elif part[0].startswith("batches?"):
            said = self.batch.listed()
        elif part == ["batches"]:
            said = self.batch.at_beginning or self.batch.create(json.loads(data))
        elif part[0] == "files":
            said = Fault(OK, raw=self.batch.files[part[1]])
        else:
            said = self.batch.retrieve(part[1]) if part[1] in self.batch.jobs else Fault(404)
        self._reply(handler, {}, said)

    def _reply(self, handler, request, said):
        headers, status = {}, OK
        if isinstance(said, Fault):
            if said.drop:
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True
                return
            status, headers = said.status, said.headers
            error = {"message": said.message, "code": said.code, "param": said.param}
            data = said.raw if said.raw is not None else json.dumps({"error": error}).encode()
        else:
            body = said if isinstance(said, dict) else completion(said, request)
            data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = len(data) != int(headers.get("Content-Length", len(data)))


@contextmanager
def serving(script):
    """A server that plays a script, until the block is left."""
    server = Server(script)
    server.start()
    try:
        yield server
    finally:
        server.stop()
