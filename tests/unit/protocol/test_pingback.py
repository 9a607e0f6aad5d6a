"""XML-RPC of strangers: what the conformance data does not ask."""

from __future__ import annotations

import time
import xmlrpc.client

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentions.model import Document, Fetched, Url
from mentions.protocol import pingback
from mentions.protocol.pingback import Answered, PingbackCall, PingbackFault, read_answer, read_call

S, T = "http://source.example/p", "http://target.example/post"
STRING = "<value><string>{}</string></value>"
XML_CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
XML_TEXT = st.text(alphabet=XML_CHARACTERS)
XML_LIKE = st.text(alphabet="<>/methodCallprvu& ?x=\"'![]", max_size=80).map(str.encode)


def request(*values: str, method: str = "pingback.ping", head: str = '<?xml version="1.0"?>') -> str:
    params = "".join(f"<param>{value}</param>" for value in values)
    return f"{head}<methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>"


def two(source: str = STRING.format(S), target: str = STRING.format(T)) -> str:
    return request(source, target)


def answer(value: str, *, before: str = "", after: str = "") -> bytes:
    body = f"<methodResponse><params><param>{value}</param></params></methodResponse>"
    return f'{before}<?xml version="1.0"?>{body}{after}'.encode()


def fault(code: str, text: str = "words") -> bytes:
    return (
        f"<methodResponse><fault><value><struct><member>\n <name> faultCode </name>\n{code}</member>"
        f"<member><name>faultString</name><value>{text}</value></member></struct></value></fault></methodResponse>"
    ).encode()


class TestCalls:
    @pytest.mark.parametrize(
        "body",
        [
            two(),
            two(source=f"<value>{S}</value>"),
            two(source=f"<value>\n <string>{S}</string>\n</value>"),
            two(source=f"<value><string>\n{S}  </string></value>"),
            two(source=f"<value><string><![CDATA[{S}]]></string></value>"),
            two(source=f"<value><string><!-- note -->{S}</string></value>"),
            two(source=f"<value><string>{S.replace('s', '&#115;')}</string></value>"),
            request(STRING.format(S), STRING.format(T), method="\n pingback.ping "),
            request(STRING.format(S), STRING.format(T), head=""),
            request(STRING.format(S), STRING.format(T), head="\ufeff"),
            request(STRING.format(S), STRING.format(T), head='<?xml version="1.0"?>\n<!-- x --><?pi x?>'),
        ],
    )
    def test_every_way_of_writing_two_strings_is_read(self, body: str) -> None:
        assert read_call(body.encode()) == PingbackCall(S, T)

    @pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252", "UTF-16", "utf-8", "us-ascii"])
    def test_the_declared_encoding_is_obeyed(self, encoding: str) -> None:
        source = S + ("é" if encoding != "us-ascii" else "")
        head = f'<?xml version="1.0" encoding="{encoding}"?>'
        body = request(STRING.format(source), STRING.format(T), head=head).encode(encoding)
        assert read_call(body).source == source

    @given(XML_TEXT, XML_TEXT)
    def test_a_call_of_ours_is_read_back(self, source: str, target: str) -> None:
        if max(len(source), len(target)) < 1000:
            assert read_call(pingback.call(source, target)) == PingbackCall(source.strip(), target.strip())

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ("", -32700),
            ("source=a&target=b", -32700),
            ("<methodCall>", -32700),
            ("<!DOCTYPE methodCall>" + two().partition("?>")[2], -32700),
            ('<!DOCTYPE x [<!ENTITY a "b">]><methodCall/>', -32700),
            ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><methodCall/>', -32700),
            (two(source="<value><string>&nbsp;</string></value>"), -32700),
            (request(head='<?xml version="1.0" encoding="no-such"?>'), -32700),
            (request(head='<?xml version="1.0" encoding="utf-7"?>'), -32700),
            (request(head='<?xml version="1.0" encoding="base64"?>'), -32700),
            ("<a>" * 10000, -32700),
            ("<methodCall/>", -32601),
            (request(method="system.multicall"), -32601),
            (request(method="system.listMethods"), -32601),
            (request(method="Pingback.Ping"), -32601),
            (request(), -32602),
            (request(STRING.format(S)), -32602),
            (request(STRING.format(S), STRING.format(T), STRING.format("x")), -32602),
            (two(source="<value><int>1</int></value>"), -32602),
            (two(source="<value><array><data/></array></value>"), -32602),
            (two(source="<value>x<string>y</string></value>"), -32602),
            (two(source="<value><string>x<b/></string></value>"), -32602),
            (two(source="<value><string>x</string><string>y</string></value>"), -32602),
            (two(source=""), -32602),
            ("<methodCall><methodName>pingback.ping</methodName></methodCall>", -32602),
            ("<methodResponse/>", 0),
            ("<html/>", 0),
        ],
    )
    def test_anything_else_is_a_fault(self, body: str, code: int) -> None:
        with pytest.raises(PingbackFault) as raised:
            read_call(body.encode())
        assert raised.value.code == code
        assert raised.value.message

    def test_32_kb_are_read_and_one_byte_more_is_not(self) -> None:
        body = two().encode()
        padded = body.replace(b"<params>", b"<params>" + b" " * (32 * 1024 - len(body)))
        assert read_call(padded) == PingbackCall(S, T)
        with pytest.raises(PingbackFault) as raised:
            read_call(padded + b" ")
        assert raised.value.code == -32700

    @given(st.one_of(st.binary(max_size=200), XML_LIKE))
    def test_no_body_does_worse_than_be_a_fault(self, body: bytes) -> None:
        with pytest.raises(PingbackFault):
            read_call(body)

    def test_nesting_costs_nothing(self) -> None:
        started = time.process_time()
        deep = "<value>" * 2000 + "</value>" * 2000
        with pytest.raises(PingbackFault):
            read_call(two(source=deep).encode())
        assert time.process_time() - started < 1


class TestAnswers:
    @pytest.mark.parametrize(
        ("body", "outcome", "code"),
        [
            (answer(STRING.format("ok")), Answered.ACCEPTED, None),
            (answer("<value>ok</value>"), Answered.ACCEPTED, None),
            (answer(STRING.format("ok"), before="\n\n"), Answered.ACCEPTED, None),
            (answer(STRING.format("ok"), before="\ufeff"), Answered.ACCEPTED, None),
            (answer(STRING.format("ok"), before="<br />\n<b>Warning</b>: x in y\n"), Answered.ACCEPTED, None),
            (answer(STRING.format("ok"), after="\n<!-- cached -->\n<p>"), Answered.ACCEPTED, None),
            (answer("<value><boolean>1</boolean></value>"), Answered.REFUSED, None),
            (answer(STRING.format("a") + STRING.format("b")), Answered.REFUSED, None),
            (answer(""), Answered.REFUSED, None),
            (b"\x00\xff", Answered.REFUSED, None),
            (b"<methodResponse>", Answered.REFUSED, None),
            (b'<!DOCTYPE x [<!ENTITY a "b">]>' + answer("<value>&a;</value>"), Answered.REFUSED, None),
            (fault("<value><int>48</int></value>"), Answered.ACCEPTED, 48),
            (fault("<value><i4> 50 </i4></value>"), Answered.TRY_LATER, 50),
            (fault("<value><int>429</int></value>"), Answered.TRY_LATER, 429),  # WordPress: two within 15 seconds
            (fault("<value><int>503</int></value>"), Answered.TRY_LATER, 503),
            (fault("<value><int>409</int></value>"), Answered.REFUSED, 409),
            (fault("<value>16</value>"), Answered.REFUSED, 16),
            (fault("<value><string>17</string></value>"), Answered.REFUSED, 17),
            (fault("<value><int>x</int></value>"), Answered.REFUSED, 0),
            (fault("<value><int>-32601</int></value>"), Answered.REFUSED, -32601),
            (fault("<value><int>99999999999999999999</int></value>"), Answered.REFUSED, 0),
        ],
    )
    def test_servers_of_the_wild_are_understood(self, body: bytes, outcome: Answered, code: int | None) -> None:
        understood = read_answer(body)
        assert (understood.outcome, understood.fault) == (outcome, code), understood

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            (200, Answered.ACCEPTED),
            (202, Answered.ACCEPTED),
            (301, Answered.REFUSED),
            (400, Answered.REFUSED),
            (404, Answered.REFUSED),
            (429, Answered.TRY_LATER),
            (500, Answered.TRY_LATER),
            (503, Answered.TRY_LATER),
        ],
    )
    def test_the_http_status_comes_first(self, status: int, outcome: Answered) -> None:
        assert read_answer(answer(STRING.format("ok")), status=status).outcome is outcome

    @given(st.binary(max_size=300))
    def test_no_answer_makes_reading_fail(self, body: bytes) -> None:
        assert read_answer(body).outcome is Answered.REFUSED
        assert read_answer(b"<methodResponse>" + body + b"</methodResponse>").outcome is Answered.REFUSED

    @given(XML_TEXT)
    def test_answers_of_ours_are_read_back_by_us_and_by_others(self, text: str) -> None:
        assert read_answer(pingback.result(text)).text == text.strip()[:500]
        refused = read_answer(pingback.fault(33, text))
        assert (refused.outcome, refused.fault) == (Answered.REFUSED, 33)
        (value,), _ = xmlrpc.client.loads(pingback.result(text))
        assert isinstance(value, str)


class TestServers:
    @pytest.mark.parametrize(
        ("content_type", "body", "server"),
        [
            ("text/html", '<link rel="pingback" href="https://p.example/x" />', "https://p.example/x"),
            ("text/html", '<!-- <link rel="pingback" href="https://p.example/x"> -->', "https://p.example/x"),
            (
                "text/html",
                '<link rel="pingback" href="https://p.example/?a=1&amp;b=&quot;">',
                "https://p.example/?a=1&b=%22",
            ),
            ("text/html", '<LINK rel="pingback" href="https://p.example/x">', None),
            ("text/html", '<link rel="pingback" href="/x">', None),
            ("text/html", '<link rel="pingback" href="https://me@p.example/x">', None),
            ("text/html", '<link rel="pingback" href="javascript:1">', None),
            ("text/html", '<link rel="pingback" href="https://p.example/x"  >', None),
            ("application/xhtml+xml", '<link rel="pingback" href="https://p.example/x"/>', "https://p.example/x"),
            ("image/png", '<link rel="pingback" href="https://p.example/x"/>', None),
        ],
    )
    def test_the_pattern_is_the_rule(self, content_type: str, body: str, server: str | None) -> None:
        document = Document(Url(T), content_type, None, body.encode())
        assert pingback.find_server(Fetched(document, ())) == server

    def test_the_header_counts_for_every_type_and_hides_the_link_element(self) -> None:
        html = Document(Url(T), "text/html", None, b'<link rel="pingback" href="https://p.example/x">')
        image = Document(Url(T), "image/png", None, b"")
        for document in (html, image):
            fetched = Fetched(document, (), headers={"x-pingback": " https://q.example/y "})
            assert pingback.find_server(fetched) == "https://q.example/y"
        assert pingback.find_server(Fetched(html, (), headers={"x-pingback": "nonsense"})) is None
