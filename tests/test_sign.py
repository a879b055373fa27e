# SPDX-License-Identifier: BSD-2-Clause
"""skep sign: what a signature is to openssl, python and skopeo, and a file that is old or new, never between."""

import base64
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import time

import pytest

import skepfile
from skepfile import Image, Layout, canonical, sha256


@pytest.fixture
def dated(tmp_path_factory):
    return lambda key, start, end: skepfile.dated(key, start, end, tmp_path_factory.mktemp("dated"))


@pytest.fixture
def toy(tmp_path):
    path = tmp_path / "toy.skep"
    path.write_bytes(Layout(Image()).bytes())
    return path


def sign(skep, path, key, *options, **kw):
    return skep("sign", path, "--key", key.key, "--cert", key.crt, *options, **kw)


def referrers(path):
    """-> package digest, [(referrer manifest, its layer)]"""
    entries = skepfile.read(path)
    blob = lambda d: entries["blobs/sha256/" + d["digest"][7:]]
    first, *rest = json.loads(entries["index.json"])["manifests"]
    manifests = [json.loads(blob(d)) for d in rest]
    return first["digest"], [(m, blob(m["layers"][0])) for m in manifests]


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_signature_as_openssl_sees_it(skep, tool, keys, package, tmp_path, kind):
    key, path = getattr(keys, kind), package()
    before = path.read_bytes()
    sign(skep, path, key).ok()
    digest, [(manifest, data)] = referrers(path)
    assert digest == referrers_digest(before, tmp_path)
    assert manifest["subject"]["digest"] == digest and manifest["subject"]["mediaType"] == skepfile.INDEX
    assert manifest["artifactType"] == skepfile.BUNDLE == manifest["layers"][0]["mediaType"]
    assert manifest["config"] == skepfile.descriptor(skepfile.EMPTY, b"{}")
    assert manifest["annotations"] == {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": skepfile.PREDICATE,
    }
    bundle = json.loads(data)
    assert canonical(bundle) == data
    envelope = bundle["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    assert payload == canonical(skepfile.statement(digest))
    sig = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    assert bundle == skepfile.envelope(skepfile.hint(key.crt), payload, sig)
    # the bytes that are signed, put together here and judged by openssl
    (tmp_path / "pae").write_bytes(b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload)
    (tmp_path / "sig").write_bytes(sig)
    (tmp_path / "pub").write_text(tool("openssl", "x509", "-in", key.crt, "-noout", "-pubkey").stdout)
    verify = ["openssl", "dgst", "-sha256", "-verify", tmp_path / "pub", "-signature", tmp_path / "sig", tmp_path / "pae"]
    assert tool(*verify).stdout == "Verified OK\n"
    (tmp_path / "pae").write_bytes((tmp_path / "pae").read_bytes() + b" ")
    assert tool(*verify, check=False).returncode == 1


def referrers_digest(data, tmp_path):
    (tmp_path / "before.skep").write_bytes(data)
    return referrers(tmp_path / "before.skep")[0]


def test_second_implementation_signs_the_same_bytes(skep, toy, keys):
    """PKCS#1 v1.5 is deterministic: openssl's signature in a package written by Python is skep's."""
    layout = Layout(Image())
    data = canonical(skepfile.bundle(keys.rsa, skepfile.statement(layout.subject()["digest"])))
    annotations = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": skepfile.PREDICATE}
    expected = layout.refer(data, annotations=annotations).bytes()
    sign(skep, toy, keys.rsa).ok()
    assert toy.read_bytes() == expected


def test_report(skep, toy, keys):
    done = sign(skep, toy, keys.ecdsa, "--json").ok().json()
    assert done["digest"] == referrers(toy)[0] and done["result"] == "signed" and done["package"] == "toy:1.2.3"
    assert done["fingerprint"] == sha256(skepfile.spki(keys.ecdsa.crt))


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_signing_again_changes_nothing(skep, toy, keys, kind):
    key = getattr(keys, kind)
    sign(skep, toy, key).ok()
    first, inode = toy.read_bytes(), toy.stat().st_ino
    assert "already signed by this key" in sign(skep, toy, key).ok().out
    assert (toy.read_bytes(), toy.stat().st_ino) == (first, inode)


def test_bad_signature_of_the_same_key_is_replaced(skep, toy, keys, trust):
    layout = Layout(Image())
    good = skepfile.bundle(keys.rsa, skepfile.statement(layout.subject()["digest"]))
    good["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(bytes(384)).decode()
    toy.write_bytes(layout.refer(canonical(good)).bytes())
    assert skep("verify", toy, "--trust", trust).rc == 1
    sign(skep, toy, keys.rsa).ok()
    assert len(referrers(toy)[1]) == 1
    skep("verify", toy, "--trust", trust).ok()


def test_second_signer_adds_and_other_referrers_stay(skep, toy, keys, trust):
    layout = Layout(Image()).refer(b"an SBOM", "application/spdx+json")
    toy.write_bytes(layout.bytes())
    one = shutil.copy(toy, toy.with_name("one.skep"))
    for order, path in (([keys.rsa, keys.ecdsa], toy), ([keys.ecdsa, keys.rsa], one)):
        for key in order:
            sign(skep, path, key).ok()
        digest, found = referrers(path)
        assert digest == layout.subject()["digest"]
        hints = [json.loads(d)["verificationMaterial"]["publicKey"]["hint"] for m, d in found if m["artifactType"] == skepfile.BUNDLE]
        assert sorted(hints) == sorted(skepfile.hint(k.crt) for k in (keys.rsa, keys.ecdsa))
        assert b"an SBOM" in [d for _, d in found]
        skep("verify", path, "--trust", trust).ok()


def test_encrypted_key(skep, toy, tmp_path):
    env = {"SKEP_PASSPHRASE": "open sesame"}
    skep("keygen", "--out", "k", "--type", "ecdsa-p256", "--passphrase", env=env).ok()
    before = toy.read_bytes()
    argv = ["sign", toy, "--key", "k/skep.key", "--cert", "k/skep.crt"]
    done = skep(*argv, env={"SKEP_PASSPHRASE": "open barley"})
    assert (done.rc, done.out, done.err) == (1, "", "skep sign: k/skep.key: wrong passphrase\n")
    done = subprocess.run(["setsid", skep("--version").argv[0], *map(str, argv)], cwd=tmp_path, env=skep.environ(None), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "skep sign: k/skep.key: the key is encrypted and there is no passphrase\n"
        "  hint: set SKEP_PASSPHRASE, or run it on a terminal\n",
    )
    done = skep(*argv, env={"SKEP_PASSPHRASE": "x" * 5000})
    assert (done.rc, done.err) == (2, "skep sign: k/skep.key: passphrase is too long\n")
    assert toy.read_bytes() == before
    skep(*argv, env=env).ok()


def test_keys_of_openssl(skep, tool, toy, tmp_path):
    """A key and certificate that somebody else made, in any of their forms."""
    subj = ["-subj", "/O=Elsewhere/CN=them", "-days", "9"]
    tool("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "c", *subj)
    tool("openssl", "x509", "-in", tmp_path / "c", "-outform", "DER", "-out", tmp_path / "c.der")
    tool("openssl", "rsa", "-in", tmp_path / "k", "-traditional", "-out", tmp_path / "k1")
    tool("openssl", "pkcs8", "-topk8", "-in", tmp_path / "k", "-out", tmp_path / "k2", "-v2", "aes-128-cbc", "-passout", "pass:x")
    made = set()
    for key, crt in (("k", "c"), ("k1", "c.der"), ("k2", "c")):
        path = shutil.copy(toy, tmp_path / f"{key}.skep")
        done = skep("sign", path, "--key", key, "--cert", crt, "--json", env={"SKEP_PASSPHRASE": "x"}).ok()
        assert done.json()["signer"] == "them"
        made.add(path.read_bytes())
    assert len(made) == 1


def test_key_and_certificate_must_belong_together(skep, toy, keys):
    before = toy.read_bytes()
    done = skep("sign", toy, "--key", keys.rsa.key, "--cert", keys.ecdsa.crt)
    assert (done.rc, done.err) == (2, f"skep sign: certificate '{keys.ecdsa.crt}' is not of key '{keys.rsa.key}'\n")
    done = skep("sign", toy, "--key", keys.rsa.crt, "--cert", keys.rsa.crt)
    assert done.rc == 2 and done.err.startswith(f"skep sign: {keys.rsa.crt}: not a private key in PEM")
    done = skep("sign", toy, "--key", keys.rsa.key, "--cert", keys.rsa.key)
    assert (done.rc, done.err) == (2, f"skep sign: {keys.rsa.key}: not a PEM certificate\n")
    done = skep("sign", toy, "--key", keys.rsa.key)
    assert (done.rc, done.err.splitlines()[0]) == (2, "skep sign: --cert is missing")
    done = skep("sign", toy, "--key", "absent", "--cert", keys.rsa.crt)
    assert done.rc == 3 and done.err.startswith("skep sign: absent: ")
    assert toy.read_bytes() == before


def test_weak_and_strange_keys(skep, tool, toy, tmp_path):
    for name, options in (("rsa1024", ["rsa:1024"]), ("ed25519", ["ed25519"]), ("p384", ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"])):
        key, crt = tmp_path / f"{name}.key", tmp_path / f"{name}.crt"
        tool("openssl", "req", "-x509", "-newkey", *options, "-nodes", "-keyout", key, "-out", crt, "-subj", "/CN=x")
        done = skep("sign", toy, "--key", key, "--cert", crt)
        assert (done.rc, done.err) == (2, f"skep sign: {crt}: certificate's key is neither RSA of 2048 to 8192 bits nor P-256\n")


def test_expired_certificate_signs_nothing(skep, toy, keys, dated, tmp_path):
    crt = dated(keys.rsa, "20200101000000Z", "20210101000000Z")
    done = skep("sign", toy, "--key", keys.rsa.key, "--cert", crt)
    assert (done.rc, done.err) == (
        2,
        f"skep sign: {crt}: certificate expired on 2021-01-01 00:00:00 UTC\n  hint: make a new one: skep keygen --out DIR\n",
    )


def test_only_packages_are_signed(skep, keys, tmp_path, toy):
    (tmp_path / "x").write_bytes(b"hello")
    assert (sign(skep, "x", keys.rsa).rc, (tmp_path / "x").read_bytes()) == (2, b"hello")
    broken = bytearray(toy.read_bytes())
    broken[600] ^= 1
    toy.write_bytes(broken)
    assert (sign(skep, toy, keys.rsa).rc, toy.read_bytes()) == (1, broken)


def test_mode_and_symbolic_link_stay(skep, toy, keys, tmp_path):
    toy.chmod(0o640)
    (tmp_path / "link.skep").symlink_to("toy.skep")
    sign(skep, "link.skep", keys.rsa).ok()
    assert (tmp_path / "link.skep").is_symlink() and stat.S_IMODE(toy.stat().st_mode) == 0o640
    assert len(referrers(toy)[1]) == 1


@pytest.mark.need("root")
def test_owner_and_mode_stay_whatever_the_umask(skep, tool, toy, keys):
    toy.chmod(0o664)
    os.chown(toy, 1234, 5678)
    argv = [skep("--version").argv[0], "sign", toy, "--key", keys.rsa.key, "--cert", keys.rsa.crt]
    tool("bash", "-c", 'umask 077; exec "$@"', "bash", *argv)
    done = toy.stat()
    assert (done.st_uid, done.st_gid, stat.S_IMODE(done.st_mode)) == (1234, 5678, 0o664)
    assert len(referrers(toy)[1]) == 1


def stopped_while_reading(argv, env):
    """A process stopped when it has its copy of the package and has not yet replaced the file."""
    process = subprocess.Popen([str(a) for a in argv], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None:
        with open(f"/proc/{process.pid}/maps") as maps:
            if "memfd:skep-package" in maps.read():
                process.send_signal(signal.SIGSTOP)
                return process
    return process


@pytest.mark.parametrize("other", ["another package", "link to a stranger's file"])
def test_file_replaced_while_it_is_signed(skep, keys, tmp_path, other):
    """What another put there meanwhile is neither lost nor, where it is a link, followed."""
    big = Layout(Image(files=[("toy.bpf.o", skepfile.OBJECT), ("skep/noise", random.Random(2).randbytes(8 << 20))]))
    path, new, stranger = tmp_path / "big.skep", tmp_path / "new", tmp_path / "stranger"
    path.write_bytes(big.bytes())
    stranger.write_bytes(b"of no concern")
    if other == "another package":
        new.write_bytes(Layout(Image()).bytes())
    else:
        new.symlink_to(stranger)
    argv = [skep("--version").argv[0], "sign", path, "--key", keys.rsa.key, "--cert", keys.rsa.crt]
    process = stopped_while_reading(argv, skep.environ(None))
    assert not referrers(path)[1]
    content = new.read_bytes()
    new.rename(path)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, "") and err.startswith("skep sign: "), err
    assert err.endswith("big.skep: replaced by another meanwhile: Stale file handle\n") or other != "another package", err
    assert path.read_bytes() == content and stranger.read_bytes() == b"of no concern"
    assert sorted(p.name for p in tmp_path.iterdir() if "skep" in p.name) == ["big.skep"]


def test_signers_at_once_all_sign(skep, start, toy, tmp_path):
    made = [f"k{i}" for i in range(6)]
    for name in made:
        skep("keygen", "--out", name, "--type", "ecdsa-p256").ok()
    running = [start("sign", toy, "--key", f"{n}/skep.key", "--cert", f"{n}/skep.crt") for n in made]
    assert [process.wait().rc for process in running] == [0] * 6
    hints = {json.loads(d)["verificationMaterial"]["publicKey"]["hint"] for _, d in referrers(toy)[1]}
    assert hints == {skepfile.hint(tmp_path / n / "skep.crt") for n in made}


# --- old or new, never between -------------------------------------------------------------------


@pytest.mark.need("root")
def test_full_disk_leaves_the_old_file(skep, tool, toy, keys, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    pages = -(-toy.stat().st_size // 4096)
    tool("mount", "-t", "tmpfs", "-o", f"size={4 * (pages + 1)}k", "tmpfs", disk)
    try:
        path = shutil.copy(toy, disk / "toy.skep")
        done = sign(skep, path, keys.rsa)
        assert (done.rc, done.out) == (3, "") and "No space left on device" in done.err, done
        assert path.read_bytes() == toy.read_bytes()
        assert os.listdir(disk) == ["toy.skep"]
    finally:
        tool("umount", disk)


@pytest.mark.need("root")
def test_file_that_cannot_be_replaced(skep, toy, keys, tool):
    """An immutable folder stops even root: nothing is left beside the old file."""
    before = toy.read_bytes()
    tool("mount", "--bind", toy.parent, toy.parent)
    tool("mount", "-o", "remount,bind,ro", toy.parent)
    try:
        done = sign(skep, toy, keys.rsa)
    finally:
        tool("umount", toy.parent)
    assert (done.rc, done.out) == (3, "") and "Read-only file system" in done.err, done
    assert toy.read_bytes() == before and [p.name for p in toy.parent.iterdir()] == ["toy.skep"]


def test_kill_leaves_old_or_new(skep, tool, keys, tmp_path):
    """kill -9 at any moment: the file is the one or the other, whole."""
    big = Layout(Image(files=[("toy.bpf.o", skepfile.OBJECT), ("skep/noise", random.Random(2).randbytes(3 << 20))]))
    old, path = big.bytes(), tmp_path / "big.skep"
    path.write_bytes(old)
    start = time.monotonic()
    sign(skep, path, keys.rsa).ok()
    whole, new = time.monotonic() - start, path.read_bytes()
    seen, dice = {old: 0, new: 0}, random.Random(3)
    argv = [skep("--version").argv[0], "sign", path, "--key", keys.rsa.key, "--cert", keys.rsa.crt]
    for _ in range(60):
        path.write_bytes(old)
        process = subprocess.Popen([str(a) for a in argv], env=skep.environ(None), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0, 1.2 * whole))
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen[path.read_bytes()] += 1  # a part would be a KeyError
    assert seen[old] and sum(seen.values()) == 60
    skep("verify", path, "--allow-unsigned").ok()
