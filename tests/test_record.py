# SPDX-License-Identifier: BSD-2-Clause
"""Proofs in packages: what they are to openssl, hashlib, tar and skopeo, and that none of them signs a package."""

import base64
import json
import shutil
import subprocess

import pytest

import skepfile
from skepfile import Image, Layout, canonical, sha256

PROOF = "https://skep.dev/proof/v1"
IN_TOTO = "application/vnd.in-toto+json"
NOW = 1795392000  # 2026-11-23T00:00:00Z
STATS = {"insns": 41, "states": 3, "peak_states": 2, "stack": 16, "jited": 120, "time_ns": 9000}
DIGEST = Layout(Image()).subject()["digest"]


def program(name, load="loaded", attach="attached", **change):
    base = {"name": name, "type": "xdp", "load": load, "code": 0, "message": None, "log": None, "log_cut": False}
    return {**base, "stats": STATS, "attach": attach, "attach_message": None, "runs": 7, **change}


def proof(*programs, message=None):
    return {"message": message, "programs": list(programs), "buffers": [{"map": "events", "events": 12}]}


def kernel(name, **change):
    base = {"id": name, "release": "6.1.0-9", "arch": "x86_64", "digest": sha256(b"profile"), "image": sha256(b"image")}
    return {**base, "accel": "tcg", **change}


REFUSED = program("walk", "refused", "none", code=22, message="libbpf: prog 'walk': failed", log="0: r0 = 1\nR1 bad\n")


def run_of(path, **change):
    """What was proved: two kernels, of which one refused a program, and another file's object."""
    kernels = [kernel("debian/bookworm/x86_64"), kernel("debian/bullseye/x86_64", release="5.10.0-1")]
    proofs = [proof(program("pass"), program("walk")), proof(program("pass"), REFUSED)]
    mine = {"name": "toy", "file": str(path), "arch": "x86_64", "variant": None, "proofs": proofs, "lines": [None, "R1 invalid"]}
    other = {**mine, "name": "other", "file": "elsewhere.bpf.o"}
    return {"kernels": kernels, "objects": [mine, other]} | change


@pytest.fixture(scope="session")
def probe(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("probe") / "probe_record"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lfyaml", "-lcrypto", "-lz"]
    done = subprocess.run(
        [*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_record.c", *libs], cwd=repo, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return program


@pytest.fixture
def record(probe):
    def call(path, key=None, run=None, time=NOW, digest="-", check=True):
        argv = [probe, path, str(time), digest, *((key.key, key.crt) if key else ())]
        data = json.dumps(run or run_of(path)).encode()
        env = {"ASAN_OPTIONS": "detect_leaks=0"}  # the probe leaves its matrix to the system
        done = subprocess.run([str(a) for a in argv], input=data, capture_output=True, timeout=60, env=env)
        assert not check or (done.returncode, done.stderr) == (0, b""), done
        return done

    return call


@pytest.fixture
def toy(tmp_path):
    path = tmp_path / "toy.skep"
    path.write_bytes(Layout(Image()).bytes())
    return path


def referrers(path):
    """-> package digest, [(referrer manifest, its layer)]"""
    entries = skepfile.read(path)
    for name, data in entries.items():
        assert not name.startswith("blobs/") or name == "blobs/sha256/" + sha256(data)[7:]
    blob = lambda d: entries["blobs/sha256/" + d["digest"][7:]]
    first, *rest = json.loads(entries["index.json"])["manifests"]
    manifests = [json.loads(blob(d)) for d in rest]
    return first["digest"], [(m, blob(m["layers"][0])) for m in manifests]


def payload(data):
    """The statement of a bundle, and of a bare statement itself."""
    v = json.loads(data)
    return json.loads(base64.b64decode(v["dsseEnvelope"]["payload"])) if "dsseEnvelope" in v else v


def kinds(path):
    """-> [(type of the statement, is it signed)]"""
    return sorted((payload(d)["predicateType"], m["artifactType"] == skepfile.BUNDLE) for m, d in referrers(path)[1])


# --- the bytes -----------------------------------------------------------------------------------


def test_statement_without_a_key(toy, record):
    record(toy)
    digest, [(manifest, data)] = referrers(toy)
    assert digest == DIGEST == manifest["subject"]["digest"] and manifest["subject"]["mediaType"] == skepfile.INDEX
    assert manifest["artifactType"] == manifest["layers"][0]["mediaType"] == IN_TOTO
    assert manifest["config"] == skepfile.descriptor(skepfile.EMPTY, b"{}")
    assert manifest["annotations"] == {"in-toto.io/predicate-type": PROOF}
    statement = json.loads(data)
    assert canonical(statement) == data
    assert statement == skepfile.statement(DIGEST, predicateType=PROOF, predicate=statement["predicate"])


def test_predicate(skep, toy, record):
    record(toy)
    predicate = json.loads(referrers(toy)[1][0][1])["predicate"]
    tool = predicate.pop("tool")
    assert f"skep {tool['skep']}" in skep("--version").ok().out and tool["libbpf"].startswith("1.")
    told = {"type": "xdp", "runs": 7, "stats": STATS}
    good = [{"program": n, "verdict": "loaded", "attach": "attached", "refusal": None, **told} for n in ("pass", "walk")]
    bad = {"program": "walk", "verdict": "refused", "attach": "none", "refusal": "R1 invalid", **told}
    object_ = {"object": "toy", "arch": "x86_64", "variant": None, "message": None}
    object_["buffers"] = [{"map": "events", "events": 12}]

    def of(name, release, programs):
        head = {"id": name, "release": release, "arch": "x86_64", "accelerator": "tcg"}
        head |= {"profile": sha256(b"profile"), "image": sha256(b"image")}
        return {**head, "objects": [{**object_, "programs": programs}]}

    assert predicate == {
        "time": "2026-11-23T00:00:00Z",
        "kernels": [of("debian/bookworm/x86_64", "6.1.0-9", good), of("debian/bullseye/x86_64", "5.10.0-1", [good[0], bad])],
    }


def test_no_path_of_the_machine(toy, record):
    record(toy)
    assert str(toy.parent).encode() not in b"".join(skepfile.read(toy).values())


def test_kernels_that_were_not_asked_are_left_out(toy, record):
    run = run_of(toy)
    run["objects"][0]["proofs"][0] = None
    record(toy, run=run)
    [one] = json.loads(referrers(toy)[1][0][1])["predicate"]["kernels"]
    assert one["id"] == "debian/bullseye/x86_64"


def test_running_kernel_has_no_digests(toy, record):
    run = run_of(toy)
    run["kernels"][0] = kernel("host", digest=None, image=None, accel=None)
    record(toy, run=run)
    first = json.loads(referrers(toy)[1][0][1])["predicate"]["kernels"][0]
    assert (first["profile"], first["image"], first["accelerator"]) == (None, None, None)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_signed_proof_as_openssl_sees_it(tool, toy, keys, record, tmp_path, kind):
    key = getattr(keys, kind)
    record(toy, key)
    digest, [(manifest, data)] = referrers(toy)
    assert digest == DIGEST and manifest["artifactType"] == manifest["layers"][0]["mediaType"] == skepfile.BUNDLE
    assert manifest["annotations"] == {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": PROOF,
    }
    bundle = json.loads(data)
    text = base64.b64decode(bundle["dsseEnvelope"]["payload"], validate=True)
    sig = base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"], validate=True)
    assert bundle == skepfile.envelope(skepfile.hint(key.crt), text, sig) and canonical(bundle) == data
    # the pre-authentication encoding, put together here
    (tmp_path / "pae").write_bytes(b"DSSEv1 28 application/vnd.in-toto+json %d " % len(text) + text)
    (tmp_path / "sig").write_bytes(sig)
    (tmp_path / "pub").write_text(tool("openssl", "x509", "-in", key.crt, "-noout", "-pubkey").stdout)
    verify = ["openssl", "dgst", "-sha256", "-verify", tmp_path / "pub", "-signature", tmp_path / "sig", tmp_path / "pae"]
    assert tool(*verify).stdout == "Verified OK\n"
    (tmp_path / "pae").write_bytes((tmp_path / "pae").read_bytes().replace(b"loaded", b"l0aded"))
    assert tool(*verify, check=False).returncode == 1


def test_skopeo_copies_package_and_proof(tool, need, package, record, keys, tmp_path):
    need("skopeo")
    path = package()
    before, referred = referrers(path)
    assert referred == []
    record(path, keys.rsa)
    archive = f"oci-archive:{path}:exec-watch:0.1.0"
    assert sha256(tool("skopeo", "inspect", "--raw", archive).stdout.encode()) == before
    tool("skopeo", "copy", "--all", archive, f"oci:{tmp_path}/copy:x")
    assert sha256((tmp_path / "copy/blobs/sha256" / before[7:]).read_bytes()) == before
    # the referrer as an image of its own: skopeo holds its blobs against their digests
    layout = tmp_path / "layout"
    layout.mkdir()
    tool("tar", "-xf", path, "-C", layout)
    index = json.loads((layout / "index.json").read_text())
    index["manifests"] = [{**index["manifests"][1], "annotations": {skepfile.REF: "proof"}}]
    (layout / "index.json").write_text(json.dumps(index))
    tool("skopeo", "copy", f"oci:{layout}:proof", f"oci:{tmp_path}/proof:x")
    raw = json.loads(tool("skopeo", "inspect", "--raw", f"oci:{tmp_path}/proof:x").stdout)
    assert raw["subject"]["digest"] == before and raw["artifactType"] == skepfile.BUNDLE


# --- beside signatures ---------------------------------------------------------------------------


def test_recording_again_replaces(toy, record, keys):
    for key in (None, keys.rsa, keys.ecdsa):
        record(toy, key, time=NOW - 5)
    assert len(referrers(toy)[1]) == 3
    for key in (None, keys.rsa, keys.ecdsa):
        record(toy, key)
    times = [payload(d)["predicate"]["time"] for _, d in referrers(toy)[1]]
    assert times == ["2026-11-23T00:00:00Z"] * 3
    assert referrers(toy)[0] == DIGEST


@pytest.mark.parametrize("order", ["sign first", "record first"])
@pytest.mark.parametrize("own", [True, False], ids=["signed", "plain"])
def test_signature_and_proof_keep_each_other(skep, toy, record, keys, trust, order, own):
    steps = [
        lambda: skep("sign", toy, "--key", keys.rsa.key, "--cert", keys.rsa.crt).ok(),
        lambda: record(toy, keys.rsa if own else None),
    ]
    for step in steps if order == "sign first" else reversed(steps):
        step()
    assert kinds(toy) == [(skepfile.PREDICATE, True), (PROOF, own)]
    done = skep("verify", toy, "--trust", trust, "--json").ok().json()
    assert [r["status"] for r in done["signatures"]] == ["good"]
    assert [r["status"] for r in done["proofs"]] == ["good"] * own
    steps[0](), steps[1]()
    assert kinds(toy) == [(skepfile.PREDICATE, True), (PROOF, own)]


def test_other_referrers_stay(toy, record, keys):
    layout = Layout(Image()).refer(b"an SBOM", "application/spdx+json")
    other = canonical(skepfile.statement(DIGEST, predicateType="https://slsa.dev/provenance/v1"))
    toy.write_bytes(layout.refer(other, IN_TOTO).bytes())
    record(toy)
    record(toy, keys.rsa)
    assert sorted(m["artifactType"] for m, _ in referrers(toy)[1]) == sorted(
        ["application/spdx+json", IN_TOTO, IN_TOTO, skepfile.BUNDLE]
    )


def test_inspect_lists_it(skep, package, record, keys):
    path = package()
    record(path)
    record(path, keys.rsa)
    digest = referrers(path)[0]
    rows = skep("inspect", path, "--json").ok().json()["referrers"]
    assert sorted((r["type"], r["predicate"], r["subject"]) for r in rows) == sorted(
        [(IN_TOTO, PROOF, digest), (skepfile.BUNDLE, PROOF, digest)]
    )
    assert skep("inspect", path).ok().out.count(PROOF) == 2


# --- a proof signs no package ----------------------------------------------------------------------


@pytest.mark.parametrize("who", ["rsa", "foreign"])
def test_package_with_nothing_but_a_signed_proof_is_unsigned(skep, toy, record, keys, trust, who):
    record(toy, getattr(keys, who))
    done = skep("verify", toy, "--trust", trust)
    assert done.rc == 1 and "verified by: nobody\n" in done.out, done
    assert done.err == (
        f"skep verify: {toy}@{DIGEST}: not signed\n"
        "  hint: sign it: skep sign FILE --key K --cert C; or allow it: --allow-unsigned\n"
    )
    done = skep("verify", toy, "--trust", trust, "--json").json()
    assert done["signatures"] == [] and done["verified_by"] == "nobody"
    assert [r["status"] for r in done["proofs"]] == ["good" if who == "rsa" else "unknown key, ignored"]


def test_run_refuses_a_package_with_nothing_but_a_signed_proof(skep, package, record, keys, trust):
    path = package()
    record(path, keys.rsa)
    done = skep("run", path, "--trust", trust)
    assert done.rc == 1 and "not signed" in done.err, done


def test_annotations_do_not_make_it_a_signature(skep, toy, keys, trust):
    """The referrer says that it is a signature, its statement that it is a proof."""
    layout = Layout(Image())
    claim = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": skepfile.PREDICATE}
    statement = skepfile.statement(DIGEST, predicateType=PROOF)
    toy.write_bytes(layout.refer(canonical(skepfile.bundle(keys.rsa, statement)), annotations=claim).bytes())
    done = skep("verify", toy, "--trust", trust)
    assert (done.rc, done.err.splitlines()[0]) == (1, f"skep verify: {toy}@{DIGEST}: not signed")


def test_bad_proof_by_a_trusted_key_refuses(skep, toy, record, keys, trust):
    """As with signatures: under the name of a trusted key stands what it did not sign."""
    layout = Layout(Image())
    forged = skepfile.bundle(keys.rsa, skepfile.statement(DIGEST, predicateType=PROOF))
    lie = canonical(skepfile.statement(DIGEST, predicateType=PROOF, predicate={"kernels": []}))
    forged["dsseEnvelope"]["payload"] = base64.b64encode(lie + b" ").decode()
    good = skepfile.bundle(keys.rsa, skepfile.statement(DIGEST))
    toy.write_bytes(layout.refer(canonical(forged)).refer(canonical(good)).bytes())
    done = skep("verify", toy, "--trust", trust)
    assert done.rc == 1 and "bad signature by trusted key" in done.err, done
    record(toy, keys.rsa)
    skep("verify", toy, "--trust", trust).ok()


def test_proof_of_another_package_counts_for_nothing(skep, toy, keys, trust):
    other = skepfile.statement(sha256(b"another"), predicateType=PROOF)
    good = skepfile.bundle(keys.rsa, skepfile.statement(DIGEST))
    layout = Layout(Image()).refer(canonical(skepfile.bundle(keys.rsa, other))).refer(canonical(good))
    toy.write_bytes(layout.bytes())
    done = skep("verify", toy, "--trust", trust, "--json").ok().json()
    assert [r["status"] for r in done["proofs"]] == ["about something else, ignored"]


# --- refusals --------------------------------------------------------------------------------------


def test_nothing_was_proved(toy, record):
    run, before = run_of(toy), toy.read_bytes()
    run["objects"] = run["objects"][1:]
    done = record(toy, run=run, check=False)
    assert (done.returncode, done.stderr.decode()) == (3, f"no kernel was asked about '{toy}'\n")
    assert toy.read_bytes() == before


def test_package_was_replaced_meanwhile(toy, record):
    before = toy.read_bytes()
    done = record(toy, digest=sha256(b"another"), check=False)
    text = f"{toy}: package was replaced while it was proved: it is {DIGEST} now\n  hint: prove it again\n"
    assert (done.returncode, done.stderr.decode(), toy.read_bytes()) == (3, text, before)
    record(toy, digest=DIGEST)


@pytest.mark.parametrize("signed", [False, True], ids=["plain", "signed"])
def test_proof_that_is_too_large(toy, record, keys, signed):
    run, before = run_of(toy), toy.read_bytes()
    run["objects"][0]["proofs"][0] = proof(*(program(f"p{i}") for i in range(2000)))
    done = record(toy, keys.rsa if signed else None, run=run, check=False)
    assert done.returncode == 2 and b"are the limit" in done.stderr, done
    assert toy.read_bytes() == before


def test_key_without_certificate(toy, probe, keys):
    done = subprocess.run([probe, toy, "0", "-", keys.rsa.key], input=json.dumps(run_of(toy)).encode(), capture_output=True)
    assert (done.returncode, done.stderr) == (2, b"signing wants both a key and its certificate\n")


def test_symbolic_link_stays(toy, record, tmp_path):
    link = tmp_path / "link.skep"
    link.symlink_to(toy)
    record(link)
    assert link.is_symlink() and len(referrers(toy)[1]) == 1


def test_two_record_at_once(toy, record, probe, keys):
    data = json.dumps(run_of(toy)).encode()
    crowd = [
        subprocess.Popen(
            [probe, toy, str(NOW), "-", *argv], stdin=subprocess.PIPE, env={"ASAN_OPTIONS": "detect_leaks=0"}
        )
        for argv in ([], [keys.rsa.key, keys.rsa.crt], [keys.ecdsa.key, keys.ecdsa.crt])
    ]
    for one in crowd:
        one.communicate(data, timeout=60)
        assert one.returncode == 0
    assert kinds(toy) == [(PROOF, False), (PROOF, True), (PROOF, True)]
