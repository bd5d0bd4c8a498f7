"""CasJobs' client against a server with faults: no job is lost, none submitted twice."""

import json

import pytest

from skyclass.errors import RemoteError
from skyclass.surveys.sdss import casjobs
from skyclass.surveys.sdss.casjobs import CasJobs
from skyclass.transfer.http_client import TransferSettings
from support.web_server import FakeClock, Reply, Server

QUERY = "SELECT * FROM stars"
JOBS = "/CasJobs/RestApi/contexts/DR16/jobs"
JOB = "/CasJobs/RestApi/jobs/4242"
MYDB = "/CasJobs/RestApi/contexts/MyDB/query"
BUSY = Reply(b"", 503, {"Retry-After": "70"})


def client(server: Server, fake_clock: FakeClock) -> CasJobs:
    settings = TransferSettings(connections=1, rate=0)
    return CasJobs(server.url, "secret-token", settings, fake_clock.clock)


def state(status: object, message: str = "") -> Reply:
    return Reply(json.dumps({"Status": status, "Message": message}).encode())


def test_a_job_is_polled_ever_less_often(server: Server, fake_clock: FakeClock) -> None:
    server.faults[JOB] = [state(1)] * 7 + [state(5)]
    client(server, fake_clock).wait(4242)
    assert fake_clock.slept == [2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0]
    assert all(h["X-Auth-Token"] == "secret-token" for _, h, _ in server.log)


@pytest.mark.parametrize(
    ("status", "message"), [(4, "job 4242 failed: out of quota"), (3, "job 4242 was cancelled")]
)
def test_a_job_that_fails(server: Server, fake_clock: FakeClock, status: int, message: str) -> None:
    server.faults[JOB] = [state(1), state(status, "out of quota")]
    with pytest.raises(RemoteError, match=message):
        client(server, fake_clock).wait(4242)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"Status": "done"}'])
def test_an_answer_that_is_no_state(server: Server, fake_clock: FakeClock, body: bytes) -> None:
    server.faults[JOB] = [Reply(body)]
    with pytest.raises(RemoteError, match="is not the state of a job"):
        client(server, fake_clock).wait(4242)


def test_faults_are_waited_for(server: Server, fake_clock: FakeClock) -> None:
    server.files |= {JOBS: b"4242", MYDB: b"[a]:int\n1\n"}
    server.faults = {
        JOBS: [BUSY, Reply(b"", 429)],
        JOB: [Reply(b"", 502), state(5)],
        MYDB: [Reply(b"[a]:int\n1", declared=100), BUSY],
    }
    casjobs_client = client(server, fake_clock)
    job = casjobs_client.submit(QUERY, 16)
    casjobs_client.wait(job)
    assert casjobs_client.query(QUERY) == "a\n1\n"
    assert fake_clock.slept.count(pytest.approx(70.0)) == 2
    assert len(fake_clock.slept) == 5


@pytest.mark.parametrize("reply", [Reply(b"", 502), Reply(b"42", declared=100)])
def test_no_job_is_submitted_twice(server: Server, fake_clock: FakeClock, reply: Reply) -> None:
    server.files[JOBS] = b"4242"
    server.faults[JOBS] = [reply]
    with pytest.raises(RemoteError, match="the job may have been submitted"):
        client(server, fake_clock).submit(QUERY, 16)
    assert len(server.log) == 1


def test_an_oversized_answer_is_refused(
    server: Server, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casjobs, "MAX_ANSWER", 1000)
    server.files[MYDB] = b"[a]:int\n" + b"1\n" * 1000
    with pytest.raises(RemoteError, match="the answer has more than 1000 bytes"):
        client(server, fake_clock).query(QUERY)


def test_a_refused_connection(fake_clock: FakeClock) -> None:
    settings = TransferSettings(retries=1)
    server = CasJobs("http://127.0.0.1:9", "secret-token", settings, fake_clock.clock)
    with pytest.raises(RemoteError, match=r"cannot connect: .* \(2 attempts\)"):
        server.submit(QUERY, 16)
    assert len(fake_clock.slept) >= 1


def test_the_token_is_not_sent_elsewhere(server: Server, fake_clock: FakeClock) -> None:
    server.faults[JOB] = [Reply(b"", 302, {"Location": f"{server.url}/elsewhere"})]
    with pytest.raises(RemoteError, match="HTTP 302"):
        client(server, fake_clock).wait(4242)
    assert server.paths == [JOB]


def test_a_token_that_is_refused_is_not_shown(server: Server, fake_clock: FakeClock) -> None:
    server.faults[MYDB] = [Reply(b"", 401)]
    stranger = client(server, fake_clock)
    with pytest.raises(RemoteError, match="token was refused") as caught:
        stranger.query(QUERY)
    assert "secret-token" not in str(caught.value) + repr(stranger)


def test_casjobs_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKYCLASS_CASJOBS_TOKEN", raising=False)
    with pytest.raises(RemoteError, match="set SKYCLASS_CASJOBS_TOKEN"):
        CasJobs()
