# SPDX-License-Identifier: BSD-2-Clause
"""skep keygen: keys and certificates as openssl sees them, and files that appear whole or not at all."""

import os
import pty
import re
import select
import stat
import time

import pytest

import skepfile

TYPES = {"rsa3072": "Public-Key: (3072 bit)", "ecdsa-p256": "ASN1 OID: prime256v1"}


def leftovers(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("kind", TYPES)
def test_certificate_as_openssl_sees_it(skep, tool, tmp_path, kind):
    skep("keygen", "--out", "k", "--type", kind, "--cn", "Ada Müller", "--days", "30").ok()
    crt, key = tmp_path / "k/skep.crt", tmp_path / "k/skep.key"
    text = tool("openssl", "x509", "-in", crt, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus").stdout
    assert TYPES[kind] in text and "Subject: CN=Ada Müller" in text and "Version: 3 (0x2)" in text
    for name, value in (
        ("Subject Key Identifier: ", r"[0-9A-F:]{59}"),
        ("Basic Constraints: critical", "CA:FALSE"),
        ("Key Usage: critical", "Digital Signature"),
        ("Extended Key Usage: ", "Code Signing"),
    ):
        assert re.search(rf"X509v3 {name}\n\s+{value}\n", text), text
    assert tool("openssl", "x509", "-in", crt, "-noout", "-checkend", 29 * 86400).returncode == 0
    assert tool("openssl", "x509", "-in", crt, "-noout", "-checkend", 31 * 86400, check=False).returncode == 1
    tool("openssl", "pkey", "-in", key, "-check", "-noout")
    public = tool("openssl", "pkey", "-in", key, "-pubout").stdout
    assert public == tool("openssl", "x509", "-in", crt, "-noout", "-pubkey").stdout
    tool("openssl", "verify", "-CAfile", crt, "-check_ss_sig", "-purpose", "any", crt)
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")


def test_files_and_report(skep, tmp_path):
    done = skep("keygen", "--out", "a/b", "--type", "ecdsa-p256", "--json").ok().json()
    key, crt = tmp_path / "a/b/skep.key", tmp_path / "a/b/skep.crt"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and stat.S_IMODE(crt.stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o700
    assert leftovers(tmp_path / "a/b") == ["skep.crt", "skep.key"]
    assert (done["key"], done["certificate"], done["type"]) == ("a/b/skep.key", "a/b/skep.crt", "ecdsa-p256")
    assert done["fingerprint"] == skepfile.sha256(skepfile.spki(crt))
    text = skep("keygen", "--out", "c", "--type", "ecdsa-p256").ok().out
    assert "to sign:         skep sign FILE.skep --key c/skep.key --cert c/skep.crt\n" in text


def test_rsa_is_the_default_and_no_two_are_alike(skep, tool, tmp_path):
    made = [skep("keygen", "--out", name, "--json").ok().json() for name in "ab"]
    assert {m["type"] for m in made} == {"rsa3072"} and made[0]["fingerprint"] != made[1]["fingerprint"]
    serial = {tool("openssl", "x509", "-in", tmp_path / n / "skep.crt", "-noout", "-serial").stdout for n in "ab"}
    assert len(serial) == 2


@pytest.mark.parametrize("present", ["skep.key", "skep.crt"])
def test_never_overwrites(skep, tmp_path, present):
    (tmp_path / "k").mkdir()
    (tmp_path / "k" / present).write_text("precious")
    done = skep("keygen", "--out", "k")
    assert (done.rc, done.out, done.err) == (2, "", f"skep keygen: k/{present}: exists and is never overwritten\n")
    assert leftovers(tmp_path / "k") == [present] and (tmp_path / "k" / present).read_text() == "precious"


def test_misuse(skep, tmp_path):
    for argv, line in (
        ([], "--out is missing"),
        (["--out", "k", "--days", "0"], "--days wants 1 to 36500, not 0"),
        (["--out", "k", "--days", "36501"], "days wants 1 to 36500, not 36501"),
        (["--out", "k", "--cn", ""], "common name wants 1 to 64 bytes, not ''"),
        (["--out", "k", "--cn", "x" * 65], f"common name wants 1 to 64 bytes, not '{'x' * 65}'"),
    ):
        done = skep("keygen", *argv)
        assert (done.rc, done.out, done.err.splitlines()[0]) == (2, "", f"skep keygen: {line}")
    done = skep("keygen", "--out", "k", "--type", "dsa")
    assert done.rc == 2 and "'dsa'" in done.err
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("kind", TYPES)
def test_passphrase_from_the_environment(skep, tool, tmp_path, kind):
    skep("keygen", "--out", "k", "--type", kind, "--passphrase", env={"SKEP_PASSPHRASE": "two words"}).ok()
    key = tmp_path / "k/skep.key"
    assert key.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    tool("openssl", "pkey", "-in", key, "-passin", "pass:two words", "-check", "-noout")
    assert tool("openssl", "pkey", "-in", key, "-passin", "pass:two", "-noout", check=False).returncode != 0
    how = tool("openssl", "asn1parse", "-in", key).stdout
    assert "PBKDF2" in how and "hmacWithSHA256" in how and "aes-256-cbc" in how


def test_empty_or_missing_passphrase(skep, tmp_path):
    done = skep("keygen", "--out", "k", "--passphrase", env={"SKEP_PASSPHRASE": ""})
    assert (done.rc, done.err) == (2, "skep keygen: an empty passphrase protects nothing\n")
    assert not leftovers(tmp_path / "k")


def on_terminal(argv, env, cwd, answers):
    """Run with a terminal of its own and type the answers as the prompts come -> (exit code, what was on it)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execve(argv[0], [str(a) for a in argv], env)
    seen, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        try:
            chunk = os.read(fd, 4096)
        except OSError:
            break
        seen += chunk
        if answers and seen.endswith(b": ") and (b"passphrase" in seen or b"again" in seen):
            os.write(fd, answers.pop(0))
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


def keygen_argv(skep):
    return [skep("--version").argv[0], "keygen", "--out", "k", "--type", "ecdsa-p256", "--passphrase"]


def test_passphrase_on_the_terminal(skep, tool, tmp_path):
    rc, seen = on_terminal(keygen_argv(skep), skep.environ(None), tmp_path, [b"s3cret\n", b"s3cret\n"])
    assert rc == 0, seen
    assert "s3cret" not in seen
    tool("openssl", "pkey", "-in", tmp_path / "k/skep.key", "-passin", "pass:s3cret", "-noout")


def test_passphrase_that_is_too_long(skep, tmp_path):
    env = {"SKEP_PASSPHRASE": "x" * 256}
    done = skep("keygen", "--out", "k", "--type", "ecdsa-p256", "--passphrase", env=env)
    assert (done.rc, done.err) == (2, "skep keygen: passphrase is too long\n")
    assert not leftovers(tmp_path / "k")
    env = {"SKEP_PASSPHRASE": "x" * 255}
    skep("keygen", "--out", "k", "--type", "ecdsa-p256", "--passphrase", env=env).ok()


@pytest.mark.parametrize("answers", [[b"one\n", b"two\n"], [b"\x03"], [b"x" * 256 + b"\n"]], ids=["differ", "ctrl-c", "long"])
def test_terminal_without_agreement(skep, tmp_path, answers):
    text = "passphrase is too long" if len(answers[0]) > 9 else "no passphrase was given"
    differ = len(answers) == 2
    rc, seen = on_terminal(keygen_argv(skep), skep.environ(None), tmp_path, answers)
    assert rc == 2 and f"skep keygen: {text}\r\n" in seen, seen
    assert ("the two are not the same\r\n" in seen) == differ
    assert not leftovers(tmp_path / "k")


@pytest.mark.need("root")
def test_full_disk_leaves_nothing(skep, tool, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    tool("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk)
    try:
        done = skep("keygen", "--out", disk, "--type", "ecdsa-p256")
        assert (done.rc, done.out) == (3, "")
        assert done.err == f"skep keygen: {disk}/skep.crt: cannot write: No space left on device\n"
        assert leftovers(disk) == []
    finally:
        tool("umount", disk)
