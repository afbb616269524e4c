"""Values that a YAML file may hold, and many that are hard to write down."""

from hypothesis import strategies as st

WORDS = (  # noqa: SIM905 - a list of them would be two hundred lines long
    "y Y n N yes Yes YES no No NO on On ON off Off OFF true True TRUE false False FALSE null Null NULL "
    "~ tRUE oN 0 -0 +0 00 08 09 007 0777 0o7 0O7 0o9 0x1F 0X1f 0xg 0b11 0B1 0b2 1_000 1__0 _1 1_ 0_7 "
    "0_8 0x_1 0_x1 -_1 +1 -1 +-1 1e3 1E3 1e+3 12e03 1e 1e400 -1e400 1.0 1. .5 -.5 +.5 . .. ... .... .1. "
    "1.2.3 1:20 190:20:30 1:60 190:20:30.15 0.1.2 685.230_15e+03 1_0.5_0 +.5e-3 .5_0 ._5 .5_ ._ 1._5 "
    "1_.5 .5e1_0 _.5 1e_3 1_e3 +._5 .inf -.inf +.inf .Inf .INF .nan .NaN .NAN .iNF inf nan Infinity NaN "
    "-inf +Inf 0x1p-2 .5p1 1.e3 .e3 2001-01-01 2001-1-1 2001-01-01T00:00:00Z "
    "2001-12-14t21:59:43.10-05:00 2026-13-45 12:30 = == << <<: - -- --- -a --a --- ? ?a : :: :a a: a:b "
    "a:b: a# #a a#b & &a * *a ! !a !!str | |- > >- % %a @ @a ` [ ] { } [] {} [a [a] {a {a} {a: ,} , ,a "
    "a, a,b \" ' '' \"\" \"a 'a a\" a' \\ \\n a\\b /a ./a ../a ~/a ~user $ $a (a) a/b 500m 10Gi 1Ki 0.5 "
    "1.5G 100u 1k 5s 1h 10% 1e3m 0x10Gi v1 1.14 8500 key=value --flag -f --a=b a--b 127.0.0.1:80 :80 "
    "::1 fe80::1 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 "
    "18446744073709551615 18446744073709551616 1234567890123456789012345678901234567890 "
    "0x7fffffffffffffff 0xffffffffffffffff 0xfffffffffffffffff 0777777777777777777777777 "
    "123456789.123456789 1e21 1e20 1e22 1e-7 0.1 100000000000000000000 0.30000000000000004 5e-324"
).split(" ")

PIECES = [
    "", " ", "  ", "\t", "\n", "\n\n", "\r", "\r\n", "\0", "\x07", "\x1b[31m", "\x7f", "\x80", "\x85", "\xa0",
    "\xad", "\u2028", "\u2029", "\u200b", "\u202e", "\ufeff", "\ufffd", "\ufffe", "\uffff", "é", "日本", "😀",
    "\U0010ffff", "{{", "}}", "{%", "%}", "{#", "---", "...", "# no", " #", "#", ": ", ":", "- ", "? ", "|",
    "a", "b c", "'", '"', "\\", "\\n", "key: value", "  - x", "\n---\n", "\n...\n", "\n  x\n y\n", "\n\tx",
    " \n ", "x\n", "\nx",
]  # fmt: skip

_lines = st.lists(
    st.sampled_from(["", " ", "  ", "\t", "a", " a", "  a", "a ", "\ta", "# a", "- a", "a: b", "é"]),
    max_size=6,
)

texts = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=12),
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    _lines.map("\n".join),
    st.from_regex(r"[-+]?[0-9._exob:]{1,8}", fullmatch=True),
    st.from_regex(r"[a-zA-Z][a-zA-Z0-9./: ,-]{0,12}", fullmatch=True),
)
numbers = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**30]),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
