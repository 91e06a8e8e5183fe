"""Alerts as mail, over a real SMTP conversation."""

import socketserver
import threading
from email import message_from_bytes, policy

import pytest

from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.stream.alerts.mail import MailChannel, MailSettings, make_mail
from mainshock.stream.alerts.text import alert_body, alert_title


class Conversation(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs; ``answers`` replaces the answer to a command."""

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self):
        self.say("220 test")
        while line := self.rfile.readline():
            command = line.split()[0].decode().upper().rstrip(":")
            self.server.came.append(line.decode().strip())
            answers = self.server.answers.get(command)
            if answers:
                self.say(answers.pop(0))
            elif command == "EHLO":
                self.say("250 test")
            elif command == "DATA":
                self.say("354 go on")
                self.server.mails.append(self.read_mail())
                self.say("250 taken")
            elif command == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def read_mail(self):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return message_from_bytes(b"".join(lines), policy=policy.default)


@pytest.fixture
def server():
    service = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
    service.daemon_threads = True
    service.came, service.mails, service.answers = [], [], {}
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.shutdown()
    thread.join()
    service.server_close()


@pytest.fixture
def channel(server, tmp_path):
    def make(**more):
        options = {
            "host": "127.0.0.1",
            "port": server.server_address[1],
            "tls": "none",
            "sender": "quakes@example.org",
            "recipients": ["duty@example.org", "boss@example.org"],
        }
        return MailChannel(MailSettings.model_validate(options | more), tmp_path)

    return make


def test_a_mail_arrives_in_plain_words(channel, server, make_request):
    request = make_request()
    assert channel().send(request) == ""
    (mail,) = server.mails
    assert mail["Subject"] == alert_title(request)
    assert mail["To"] == "duty@example.org, boss@example.org"
    assert mail["Message-ID"] == "<ms20240517.all.one.1@example.org>"
    text = mail.get_content()
    assert "ML 4.5 ± 0.3" in text
    assert "35.100°N 24.200°E ± 2.5 km; with 95 % probability within 4.9 km" in text
    assert "It is not a prediction." in text
    assert [line.lower() for line in server.came if line.upper().startswith("RCPT")] == [
        "rcpt to:<duty@example.org>", "rcpt to:<boss@example.org>",
    ]  # fmt: skip


def test_versions_form_one_thread(channel, server, make_request, make_version):
    channel().send(make_request(make_version(1), make_version(2, "cancel", reason="no event")))
    (mail,) = server.mails
    assert mail["Subject"].startswith("CANCELLED: earthquake")
    assert mail["In-Reply-To"] == "<ms20240517.all.one.1@example.org>"
    assert "withdrawn" in mail.get_content()
    assert "Reason: no event" in mail.get_content()


def test_made_up_and_replayed_records_are_called_so(make_request, make_version):
    synthetic = make_request(make_version(is_synthetic=True))
    assert alert_title(synthetic).startswith("[SYNTHETIC] ")
    assert "there was no such earthquake" in alert_body(synthetic)
    replay = make_request(is_replay=True)
    assert alert_title(replay).startswith("[REPLAY] ")
    assert "not happening now" in alert_body(replay)


def test_what_is_not_known_is_said(make_request, make_version):
    assert "magnitude not known yet" in alert_title(make_request(make_version(magnitude=None)))


def test_an_event_id_cannot_add_a_header(make_request, make_version, channel):
    request = make_request(make_version(event_id="x\r\nBcc: all@example.org"))
    mail = make_mail(request, channel().settings)
    assert mail["Bcc"] is None
    assert "\n" not in mail["Message-ID"]


def test_a_refusal_for_now_is_tried_again_and_a_refusal_for_good_is_not(
    channel, server, make_request
):
    server.answers["MAIL"] = ["451 later", "550 never"]
    with pytest.raises(UnreachableError, match="451"):
        channel().send(make_request())
    with pytest.raises(SettingsError, match="550"):
        channel().send(make_request())


def test_recipients_that_are_refused_are_told(channel, server, make_request):
    server.answers["RCPT"] = ["550 unknown"]
    assert channel().send(make_request()) == "refused: duty@example.org"
    server.answers["RCPT"] = ["550 unknown", "550 unknown"]
    with pytest.raises(SettingsError, match="all recipients"):
        channel().send(make_request())


def test_without_encryption_no_password_leaves(channel, server, make_request, monkeypatch):
    monkeypatch.setenv("TEST_MAIL", "hunter2")
    login = {"user": {"env": "TEST_MAIL"}, "password": {"env": "TEST_MAIL"}}
    with pytest.raises(SettingsError, match="STARTTLS"):  # the server does not offer it
        channel(tls="starttls", **login).send(make_request())
    assert not [line for line in server.came if "AUTH" in line]


def test_nobody_there_is_unreachable(channel, server, make_request):
    with pytest.raises(UnreachableError, match="is it up"):
        channel(port=1).send(make_request())
