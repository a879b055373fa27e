# SPDX-License-Identifier: BSD-2-Clause
"""skep verify: whom to believe. Signatures here are made by openssl as well as by skep."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import skepfile
from skepfile import Image, Layout, canonical, sha256, statement

DIGEST = Layout(Image()).subject()["digest"]


@pytest.fixture
def dated(tmp_path_factory):
    return lambda key, start, end: skepfile.dated(key, start, end, tmp_path_factory.mktemp("dated"))


@pytest.fixture
def attach(tmp_path):
    """A toy package with these bundles as its signatures -> path"""

    def make(*bundles, layout=None):
        layout = layout or Layout(Image())
        for one in bundles:
            layout.refer(one if isinstance(one, bytes) else canonical(one))
        path = tmp_path / "toy.skep"
        path.write_bytes(layout.bytes())
        return path

    return make


def fingerprint(key):
    return sha256(skepfile.spki(key.crt))


def refused(done, text, hint=None):
    where = f"toy.skep@{DIGEST}"
    lines = done.err.splitlines()
    assert done.rc == 1 and lines[0].startswith("skep verify: ") and lines[0].endswith(f"{where}: {text}"), done
    assert lines[1:] == ([f"  hint: {hint}"] if hint else []), done
    assert "verified by: nobody\n" in done.out


# --- good signatures -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_openssl_signs_skep_verifies(skep, keys, attach, tmp_path, kind):
    key, store = getattr(keys, kind), tmp_path / "store"
    store.mkdir(mode=0o755)
    shutil.copy(key.crt, store / "them.pem")
    path = attach(skepfile.bundle(key, statement(DIGEST)))
    done = skep("verify", path, "--trust", store, "--json").ok().json()
    assert (done["package"], done["digest"], done["verified_by"]) == ("toy:1.2.3", DIGEST, "skep")
    assert done["expiry_ignored"] is False
    [row] = done["signatures"]
    assert (row["status"], row["signer"], row["fingerprint"]) == ("good", "skep signing key", fingerprint(key))
    text = skep("verify", path, "--trust", store).ok().out
    assert f"digest:      {DIGEST}\nverified by: skep\n" in text and fingerprint(key) in text


def test_spacing_of_a_strangers_json_does_not_matter(skep, keys, attach, trust):
    """cosign's bundles are not canonical JSON; what is signed are the payload's bytes."""
    payload = json.dumps(statement(DIGEST, predicate={"x": [1, 2]}), indent=3).encode()
    loose = json.dumps(skepfile.bundle(keys.rsa, payload, tlogEntries=[]), indent=1).encode()
    skep("verify", attach(loose), "--trust", trust).ok()


def test_der_certificate_and_other_files_in_the_store(skep, tool, signed_package, keys, tmp_path):
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    tool("openssl", "x509", "-in", keys.rsa.crt, "-outform", "DER", "-out", store / "a.der")
    (store / "README").write_text("certificates go here")
    (store / ".hidden.crt").write_text("not one")
    skep("verify", signed_package, "--trust", store).ok()


def test_trust_store_of_the_environment(skep, signed_package, trust):
    skep("verify", signed_package, env={"SKEP_TRUST": trust}).ok()
    done = skep("verify", signed_package, "--trust", trust, env={"SKEP_TRUST": "/nonexistent"}).ok()
    assert "verified by: skep" in done.out


def test_two_certificates_of_one_key(skep, signed_package, trust, keys, dated):
    """A renewed certificate beside the expired one."""
    shutil.copy(dated(keys.rsa, "20200101000000Z", "20210101000000Z"), trust / "aaa.crt")
    skep("verify", signed_package, "--trust", trust).ok()


# --- nobody to believe ---------------------------------------------------------------------------


def test_unsigned(skep, attach, trust):
    path = attach()
    hint = "sign it: skep sign FILE --key K --cert C; or allow it: --allow-unsigned"
    refused(skep("verify", path, "--trust", trust), "not signed", hint)
    refused(skep("verify", path, "--trust", "/nonexistent"), "not signed", hint)
    done = skep("verify", path, "--trust", trust, "--allow-unsigned", "--json").ok().json()
    assert (done["verified_by"], done["signatures"]) == ("nobody", [])


def test_other_referrers_are_no_signature(skep, attach, trust):
    layout = Layout(Image()).refer(b"x", "application/spdx+json")
    assert skep("verify", attach(layout=layout), "--trust", trust).rc == 1


def test_foreign_key(skep, attach, keys, trust):
    path = attach(skepfile.bundle(keys.foreign, statement(DIGEST)))
    text = f"signed by no key of the trust store, but by {fingerprint(keys.foreign)}"
    refused(skep("verify", path, "--trust", trust), text, f"if you trust that key, put its certificate into '{trust}'")
    done = skep("verify", path, "--trust", trust, "--allow-unsigned", "--json").ok().json()
    assert done["verified_by"] == "nobody"
    assert [(r["status"], r["fingerprint"]) for r in done["signatures"]] == [("unknown key, ignored", fingerprint(keys.foreign))]


def test_foreign_certificate_with_the_trusted_name(skep, attach, keys, trust):
    """Trust is by key: the common name, which anybody can choose, says nothing."""
    os.unlink(trust / "rsa.crt")
    shutil.copy(keys.ecdsa.crt, trust / "skep signing key.crt")
    assert skep("verify", attach(skepfile.bundle(keys.foreign, statement(DIGEST))), "--trust", trust).rc == 1


def test_empty_store(skep, signed_package, tmp_path):
    (tmp_path / "empty").mkdir(mode=0o700)
    done = skep("verify", signed_package, "--trust", "empty")
    assert done.rc == 1 and "signed by no key of the trust store" in done.err


def test_stranger_beside_a_trusted_signer(skep, attach, keys, trust):
    done = skep("verify", attach(*(skepfile.bundle(k, statement(DIGEST)) for k in (keys.foreign, keys.rsa))), "--trust", trust, "--json").ok()
    assert sorted(r["status"] for r in done.json()["signatures"]) == ["good", "unknown key, ignored"]


# --- bad signatures ------------------------------------------------------------------------------


def test_bad_signature_by_a_trusted_key(skep, attach, keys, trust):
    shutil.copy(keys.ecdsa.crt, trust / "ecdsa.crt")
    for key in (keys.rsa, keys.ecdsa):
        good = skepfile.bundle(key, statement(DIGEST))
        sig = bytearray(base64.b64decode(good["dsseEnvelope"]["signatures"][0]["sig"]))
        for bad in (sig[:-1] + bytes([sig[-1] ^ 1]), sig[:-1], b"", bytes(len(sig)), bytes(5000)):
            path = attach(skepfile.envelope(skepfile.hint(key.crt), canonical(statement(DIGEST)), bytes(bad)))
            text = f"bad signature by trusted key 'skep signing key' ({fingerprint(key)})"
            refused(skep("verify", path, "--trust", trust), text)
            refused(skep("verify", path, "--trust", trust, "--allow-unsigned"), text)


def test_bad_signature_outweighs_a_good_one(skep, attach, keys, trust):
    shutil.copy(keys.ecdsa.crt, trust / "ecdsa.crt")
    bad = skepfile.envelope(skepfile.hint(keys.ecdsa.crt), canonical(statement(DIGEST)), b"0" * 70)
    done = skep("verify", attach(skepfile.bundle(keys.rsa, statement(DIGEST)), bad), "--trust", trust)
    assert done.rc == 1 and "bad signature by trusted key" in done.err


def test_payload_changed_after_signing(skep, attach, keys, trust):
    other = skepfile.bundle(keys.rsa, statement("sha256:" + "0" * 64))
    other["dsseEnvelope"]["payload"] = base64.b64encode(canonical(statement(DIGEST))).decode()
    assert "bad signature by trusted key" in skep("verify", attach(other), "--trust", trust).err


STATEMENTS = {
    "another package": statement("sha256:" + "0" * 64),
    "another predicate": statement(DIGEST, predicateType="https://slsa.dev/provenance/v1"),
    "another type": statement(DIGEST, _type="https://in-toto.io/Statement/v0.1"),
    "two subjects": statement(DIGEST, subject=statement(DIGEST)["subject"] * 2),
    "no subject": statement(DIGEST, subject=[]),
    "SHA-512": statement(DIGEST, subject=[{"digest": {"sha512": "0" * 128}}]),
    "no JSON": b"sha256 " + DIGEST.encode(),
    "duplicate key": canonical(statement("sha256:" + "0" * 64))[:-1] + b',"subject":[{"digest":{"sha256":"%s"}}]}' % DIGEST[7:].encode(),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_good_signature_over_something_else(skep, attach, keys, trust, name):
    path = attach(skepfile.bundle(keys.rsa, STATEMENTS[name]))
    done = skep("verify", path, "--trust", trust)
    refused(done, "no signature is about this package")
    assert "about something else, ignored" in done.out


def edited(change):
    def make(keys):
        bundle = skepfile.bundle(keys.rsa, statement(DIGEST))
        return change(bundle) or bundle

    return make


def edit_sig(**change):
    return edited(lambda b: b["dsseEnvelope"]["signatures"][0].update(change))


BUNDLES = {
    "not JSON": lambda keys: b"hello",
    "empty": lambda keys: b"",
    "deep": lambda keys: b"[" * 100000,
    "v0.1": edited(lambda b: {**b, "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"}),
    "a certificate instead of a key": edited(lambda b: {**b, "verificationMaterial": {"certificate": {"rawBytes": ""}}}),
    "another payload type": edited(lambda b: b["dsseEnvelope"].update(payloadType="text/plain")),
    "two signatures": edited(lambda b: b["dsseEnvelope"].update(signatures=b["dsseEnvelope"]["signatures"] * 2)),
    "no signature": edited(lambda b: b["dsseEnvelope"].update(signatures=[])),
    "keyid is not the hint": edit_sig(keyid="x"),
    "signature is not base64": edit_sig(sig="?" * 512),
    "signature with spaces": edited(lambda b: b["dsseEnvelope"]["signatures"][0].update(sig=" " + b["dsseEnvelope"]["signatures"][0]["sig"])),
    "payload with a newline": edited(lambda b: b["dsseEnvelope"].update(payload=b["dsseEnvelope"]["payload"] + "\n")),
    "hint of 31 bytes": lambda keys: skepfile.envelope(base64.b64encode(bytes(31)).decode(), b"{}", b"x"),
    "duplicate key": lambda keys: canonical(skepfile.bundle(keys.rsa, statement(DIGEST)))[:-1] + b',"mediaType":"x"}',
}


@pytest.mark.parametrize("name", BUNDLES)
def test_bundle_that_is_not_one(skep, attach, keys, trust, name):
    path = attach(BUNDLES[name](keys))
    done = skep("verify", path, "--trust", trust, "--json")
    assert done.rc == 1 and done.json()["signatures"][0]["status"] == "not understood, ignored", done


def test_bundle_of_any_size_takes_no_memory(skep, keys, attach, trust):
    """Anybody can add a referrer: one of 15 MB, which parsed would be more than 1 GB, is left alone."""
    path = attach(skepfile.bundle(keys.rsa, statement(DIGEST)), b"[" + b"{}," * (5 << 20) + b"{}]")
    argv = [skep("--version").argv[0], "verify", path, "--trust", trust]
    with subprocess.Popen(argv, env=skep.environ(None), stdout=subprocess.PIPE, text=True) as process:
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0 and "verified by: skep\n" in out and "not understood, ignored" in out
    assert usage.ru_maxrss < 400 << 10  # KiB


# --- time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start, end, text",
    [
        ("20200101000000Z", "20210101000000Z", "expired on 2021-01-01 00:00:00 UTC"),
        ("20400101000000Z", "20500101000000Z", "is not valid before 2040-01-01 00:00:00 UTC"),
        ("20510101000000Z", "20990101000000Z", "is not valid before 2051-01-01 00:00:00 UTC"),
    ],
)
def test_certificate_out_of_time(skep, attach, keys, trust, dated, start, end, text):
    os.unlink(trust / "rsa.crt")
    shutil.copy(dated(keys.rsa, start, end), trust / "dated.crt")
    path = attach(skepfile.bundle(keys.rsa, statement(DIGEST)))
    done = skep("verify", path, "--trust", trust)
    refused(done, f"certificate of 'dated' ({fingerprint(keys.rsa)}) {text}")
    assert "verified by: nobody" in skep("verify", path, "--trust", trust, "--allow-unsigned").ok().out
    done = skep("verify", path, "--trust", trust, "--ignore-expiry").ok()
    assert "verified by: skep\n" in done.out and "good, expiry ignored" in done.out
    assert skep("verify", path, "--trust", trust, "--ignore-expiry", "--json").ok().json()["expiry_ignored"] is True


def test_ignoring_expiry_of_what_is_in_time_says_nothing(skep, signed_package, trust):
    done = skep("verify", signed_package, "--trust", trust, "--ignore-expiry").ok()
    assert "ignored" not in done.out


def test_valid_signer_beside_an_expired_one(skep, attach, keys, trust, dated):
    shutil.copy(dated(keys.ecdsa, "20200101000000Z", "20210101000000Z"), trust / "old.crt")
    path = attach(*(skepfile.bundle(k, statement(DIGEST)) for k in (keys.rsa, keys.ecdsa)))
    done = skep("verify", path, "--trust", trust, "--json").ok().json()
    assert sorted(r["status"] for r in done["signatures"]) == ["certificate expired", "good"]
    assert done["expiry_ignored"] is False


# --- the trust store itself ----------------------------------------------------------------------


def distrusted(done, line, hint=None):
    expected = f"skep verify: {line}\n" + (f"  hint: {hint}\n" if hint else "")
    assert (done.rc, done.out, done.err) == (3, "", expected), done


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_store_that_others_can_write(skep, signed_package, trust, mode):
    trust.chmod(mode)
    for option in ([], ["--allow-unsigned"]):
        distrusted(
            skep("verify", signed_package, "--trust", trust, *option),
            f"{trust}: trust store can be written by others (mode {mode:04o})",
            f"chmod go-w {trust}",
        )


@pytest.mark.parametrize("mode", [0o660, 0o606])
def test_certificate_that_others_can_write(skep, signed_package, trust, mode):
    crt = trust / "rsa.crt"
    crt.chmod(mode)
    distrusted(
        skep("verify", signed_package, "--trust", trust),
        f"{crt}: trust store can be written by others (mode {mode:04o})",
        f"chmod go-w {crt}",
    )


@pytest.mark.need("root")
def test_store_of_somebody_else(skep, signed_package, trust):
    for path in (trust, trust / "rsa.crt"):
        os.chown(path, 65534, 65534)
        distrusted(
            skep("verify", signed_package, "--trust", trust),
            f"{path}: trust store belongs to user 65534, neither root nor you",
            f"chown root {path}",
        )
        os.chown(path, 0, 0)
    skep("verify", signed_package, "--trust", trust).ok()


def test_symbolic_links(skep, signed_package, trust, tmp_path):
    (trust / "link.crt").symlink_to("rsa.crt")
    distrusted(
        skep("verify", signed_package, "--trust", trust),
        f"{trust}/link.crt: certificate in the trust store is a symbolic link",
        "put the certificate itself there",
    )
    os.unlink(trust / "link.crt")
    (tmp_path / "store").symlink_to(trust)
    skep("verify", signed_package, "--trust", "store").ok()


def test_files_that_are_no_certificates(skep, signed_package, keys, trust):
    bad = trust / "bad.crt"
    for data, why in (
        (b"hello", "not an X.509 certificate"),
        (b"", "not an X.509 certificate"),
        (keys.rsa.key.read_bytes(), "not a PEM certificate"),
        (keys.rsa.crt.read_bytes() + keys.ecdsa.crt.read_bytes(), "more than one PEM block, a certificate file has one"),
        (keys.rsa.crt.read_bytes()[:900], "not a PEM certificate"),
    ):
        bad.write_bytes(data)
        distrusted(skep("verify", signed_package, "--trust", trust), f"{bad}: {why}")
    os.unlink(bad)
    bad.mkdir()
    distrusted(skep("verify", signed_package, "--trust", trust), f"{bad}: certificate in the trust store is not a regular file")
    bad.rmdir()
    os.mkfifo(bad, 0o600)
    distrusted(skep("verify", signed_package, "--trust", trust), f"{bad}: certificate in the trust store is not a regular file")


def grown(der, *at):
    """The lengths at these places, each 82 hh ll, one larger."""
    for i in at:
        assert der[i] == 0x82
        der = der[: i + 1] + (int.from_bytes(der[i + 1 : i + 3], "big") + 1).to_bytes(2, "big") + der[i + 3 :]
    return der


@pytest.mark.parametrize("month", [b"00", b"13", b"x1"])
def test_validity_that_is_no_date(skep, signed_package, keys, trust, month):
    der = skepfile.openssl("x509", "-in", keys.ecdsa.crt, "-outform", "DER")
    at = der.index(b"\x17\x0d") + 4
    (trust / "x.der").write_bytes(der[:at] + month + der[at + 2 :])
    assert tool_rejects_date(trust / "x.der")
    distrusted(skep("verify", signed_package, "--trust", trust), f"{trust}/x.der: certificate's validity is no date")


def tool_rejects_date(path):
    return b"Bad time value" in skepfile.openssl("x509", "-inform", "DER", "-in", path, "-noout", "-dates", "-dateopt", "rfc_822")


def test_fingerprint_is_of_the_key_not_of_its_spelling(skep, signed_package, keys, trust, tmp_path):
    """A length with a zero in front: openssl reads it, and says the same key; so must we."""
    der = skepfile.openssl("x509", "-in", keys.rsa.crt, "-outform", "DER")
    at = der.index(bytes.fromhex("300d06092a864886f70d0101010500")) - 4
    assert der[at : at + 2] == b"\x30\x82"
    der = grown(der, 1, 5)
    der = der[: at + 1] + b"\x83\x00" + der[at + 2 :]
    (tmp_path / "odd.der").write_bytes(der)
    odd = tmp_path / "odd.pem"
    odd.write_bytes(skepfile.openssl("x509", "-inform", "DER", "-in", tmp_path / "odd.der"))
    assert skepfile.spki(odd) == skepfile.spki(keys.rsa.crt)
    os.unlink(trust / "rsa.crt")
    shutil.copy(tmp_path / "odd.der", trust / "odd.der")
    assert fingerprint(keys.rsa) in skep("verify", signed_package, "--trust", trust).ok().out


def test_rsa_with_an_even_exponent_is_no_key(skep, signed_package, keys, trust):
    der = skepfile.openssl("x509", "-in", keys.rsa.crt, "-outform", "DER")
    assert der.count(b"\x02\x03\x01\x00\x01") == 1
    (trust / "x.der").write_bytes(der.replace(b"\x02\x03\x01\x00\x01", b"\x02\x03\x01\x00\x00"))
    done = skep("verify", signed_package, "--trust", trust)
    distrusted(done, f"{trust}/x.der: certificate's key is neither RSA of 2048 to 8192 bits nor P-256")


def test_point_beside_the_curve_is_no_key(skep, signed_package, keys, trust):
    der = skepfile.openssl("x509", "-in", keys.ecdsa.crt, "-outform", "DER")
    at = der.index(b"\x03\x42\x00\x04") + 4
    (trust / "x.der").write_bytes(der[:at] + bytes([der[at] ^ 1]) + der[at + 1 :])
    done = skep("verify", signed_package, "--trust", trust)
    distrusted(done, f"{trust}/x.der: certificate's key is neither RSA of 2048 to 8192 bits nor P-256")


NAMES = {
    "a zero within": (b"\x0c\x10" + b"nul\0hidden skep!", "nul?hidden skep!"),
    "BMPString": (b"\x1e\x10" + "B\u00fcro-S\u00fcd".encode("utf-16-be"), "B\u00fcro-S\u00fcd"),
}


@pytest.mark.parametrize("name", NAMES)
def test_name_is_shown_whole(skep, attach, keys, trust, name):
    """None of it hides behind a zero, and every kind of ASN.1 string is read."""
    old, (new, shown) = b"\x0c\x10skep signing key", NAMES[name]
    der = skepfile.openssl("x509", "-in", keys.rsa.crt, "-outform", "DER")
    assert der.count(old) == 2 and len(new) == len(old)
    os.unlink(trust / "rsa.crt")
    (trust / "x.der").write_bytes(der.replace(old, new))
    done = skep("verify", attach(skepfile.bundle(keys.rsa, statement(DIGEST))), "--trust", trust, "--json").ok()
    assert done.json()["signatures"][0]["signer"] == shown


def test_damaged_certificates_never_crash(skep, tool, keys, signed_package, trust):
    """Every 7th byte of a DER certificate changed: another answer perhaps, but an answer."""
    der = trust / "x.der"
    tool("openssl", "x509", "-in", keys.ecdsa.crt, "-outform", "DER", "-out", der)
    good = der.read_bytes()
    for position in range(0, len(good), 7):
        der.write_bytes(good[:position] + bytes([good[position] ^ 0x55]) + good[position + 1 :])
        assert skep("verify", signed_package, "--trust", trust).rc in (0, 3)


def test_absent_store(skep, signed_package, tmp_path):
    hint = "a trust store is a folder with the certificates (skep.crt) of those you trust; name one with --trust DIR"
    distrusted(skep("verify", signed_package, "--trust", "no"), "no: cannot open the trust store: No such file or directory", hint)
    (tmp_path / "file").write_text("")
    distrusted(skep("verify", signed_package, "--trust", "file"), "file: trust store is not a folder")
    assert "verified by: nobody" in skep("verify", signed_package, "--trust", "no", "--allow-unsigned").ok().out


@pytest.mark.need("root", "setpriv")
def test_environment_is_not_asked_by_a_privileged_program(build_dir, signed_package, trust, skep):
    """SKEP_TRUST is for the user's own rights: a set-user-ID copy ignores it."""
    with tempfile.TemporaryDirectory(prefix="skep-suid.", dir="/var/tmp") as folder:
        program, package, store = (Path(folder) / name for name in ("skep", "x.skep", "trust"))
        shutil.copy(build_dir / "bin/skep", program)
        shutil.copy(signed_package, package)
        shutil.copytree(trust, store)
        for path, mode in ((folder, 0o755), (store, 0o755), (package, 0o644), (store / "rsa.crt", 0o644)):
            os.chmod(path, mode)
        argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "verify", package, "--json"]
        env = skep.environ({"SKEP_TRUST": store})
        verified = {}
        for mode in (0o755, 0o4755):
            program.chmod(mode)
            done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
            verified[mode] = (done.returncode, str(store) in done.stderr)
        assert verified[0o755] == (0, False), done
        assert verified[0o4755] in ((3, False), (1, False)), done
