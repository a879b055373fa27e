# SPDX-License-Identifier: BSD-2-Clause
"""The .skep format: what outsiders read in it, and everything that is not it being refused."""

import gzip
import hashlib
import json
import os
import random
import struct
import subprocess

import pytest

import skepfile
from skepfile import Image, Layout, canonical, descriptor, gz, header, sha256, tar


@pytest.fixture
def toy(tmp_path):
    path = tmp_path / "toy.skep"
    path.write_bytes(Layout(Image()).bytes())
    return path


@pytest.fixture
def check(skep, tmp_path):
    """Whether bytes are a package: verify without asking for a signature."""

    def run(data, name="x.skep"):
        path = tmp_path / name
        path.write_bytes(data)
        return skep("verify", name, "--allow-unsigned")

    return run


@pytest.fixture
def refused(check):
    """Exit 1, nothing on stdout, and this text after the file's name (and digest)."""

    def run(data, text):
        done = check(data)
        line = done.err.splitlines()[0]
        assert (done.rc, done.out) == (1, ""), done
        assert line.startswith("skep verify: x.skep") and text in line, done
        return done

    return run


# --- what outsiders read -------------------------------------------------------------------------


def test_tar_and_hashlib_agree(package, tool):
    path = package()
    names = tool("tar", "tf", path).stdout.split()
    assert names == sorted(names) and names[-2:] == ["index.json", "oci-layout"]
    lines = tool("tar", "--numeric-owner", "--utc", "-tvf", path).stdout.splitlines()
    assert all(line.startswith("-rw-r--r-- 0/0 ") and "1970-01-01 00:00" in line for line in lines)
    for name, data in skepfile.read(path).items():
        if name.startswith("blobs/"):
            assert name == "blobs/sha256/" + hashlib.sha256(data).hexdigest()
    assert json.loads(skepfile.read(path)["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}


def parts(path):
    """-> index.json, image index, [(manifest, config, layer)]"""
    entries = skepfile.read(path)
    blob = lambda d: entries["blobs/sha256/" + d["digest"][7:]]
    top = json.loads(entries["index.json"])
    index = json.loads(blob(top["manifests"][0]))
    manifests = [json.loads(blob(d)) for d in index["manifests"]]
    return top, index, [(m, json.loads(blob(m["config"])), blob(m["layers"][0])) for m in manifests]


def test_image_is_what_bpfman_reads(package, tool, tmp_path):
    top, index, [(manifest, config, layer)] = parts(package())
    assert top["manifests"][0]["annotations"] == {skepfile.REF: "exec-watch:0.1.0"}
    assert index["mediaType"] == skepfile.INDEX and index["manifests"][0]["platform"]["os"] == "linux"
    assert [d["mediaType"] for d in manifest["layers"]] == [skepfile.LAYER]
    assert manifest["config"]["mediaType"] == skepfile.CONFIG
    labels = config["config"]["Labels"]
    assert "tracepoint" in json.loads(labels["io.ebpf.programs"]).values()
    assert "ringbuf" in json.loads(labels["io.ebpf.maps"]).values()
    assert not [name for name in json.loads(labels["io.ebpf.maps"]) if name.startswith(".")]
    packed = tmp_path / "layer.tar.gz"
    packed.write_bytes(layer)
    tool("gzip", "-t", packed)
    assert layer[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    assert tool("tar", "tzf", packed).stdout.split()[:2] == ["exec_watch.bpf.o", "skep/manifest.json"]
    name, elf = skepfile.layer_files(layer)[0]
    assert elf[:4] == b"\x7fELF" and struct.unpack("<HH", elf[16:20]) == (1, 247)


def test_manifest_and_diff_id_hold(package):
    _, _, [(_, config, layer)] = parts(package())
    assert config["rootfs"] == {"type": "layers", "diff_ids": [sha256(gzip.decompress(layer))]}
    files = dict(skepfile.layer_files(layer))
    meta = json.loads(files.pop("skep/manifest.json"))
    assert {f["name"]: (f["digest"], f["size"]) for f in meta["files"]} == {
        n: (sha256(d), len(d)) for n, d in files.items()
    }
    assert (meta["schema"], meta["name"], meta["version"]) == (1, "exec-watch", "0.1.0")
    assert canonical(meta) == dict(skepfile.layer_files(layer))["skep/manifest.json"]


def test_second_implementation_writes_the_same_bytes(package):
    path = package()
    _, index, [(manifest, config, layer)] = parts(path)
    files = skepfile.layer_files(layer)
    image = Image(index["manifests"][0]["platform"]["architecture"])
    image.layer = gz(tar(files))
    image.config = config
    image.manifest["layers"] = [descriptor(skepfile.LAYER, image.layer)]
    assert Layout(image, ref="exec-watch:0.1.0").bytes() == path.read_bytes()


@pytest.mark.need("skopeo")
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("goarch", [None, "amd64", "arm64"])
def test_skopeo_inspects(skep, tool, keys, tmp_path, signed, goarch):
    path = tmp_path / "two.skep"
    path.write_bytes(Layout(Image("amd64"), Image("arm64")).bytes())
    if signed:
        for key in (keys.rsa, keys.ecdsa):
            skep("sign", path, "--key", key.key, "--cert", key.crt).ok()
    option = ["--override-arch", goarch] if goarch else []
    seen = json.loads(tool("skopeo", *option, "inspect", f"oci-archive:{path}:toy:1.2.3").stdout)
    digest = skep("verify", path, "--allow-unsigned", "--json").ok().json()["digest"]
    assert seen["Digest"] == digest
    assert goarch is None or seen["Architecture"] == goarch
    assert json.loads(seen["Labels"]["io.ebpf.programs"]) == {"p": "xdp"}


@pytest.mark.need("skopeo")
def test_skopeo_inspects_built_package(package, tool):
    seen = json.loads(tool("skopeo", "inspect", f"oci-archive:{package()}:exec-watch:0.1.0").stdout)
    assert "io.ebpf.programs" in seen["Labels"]


@pytest.mark.need("skopeo")
def test_foreign_tar_is_refused_with_the_way_back(skep, tool, signed_package, tmp_path):
    foreign = tmp_path / "foreign.tar"
    tool("skopeo", "copy", "--all", f"oci-archive:{signed_package}:exec-watch:0.1.0", f"oci-archive:{foreign}:exec-watch:0.1.0")
    done = skep("verify", "foreign.tar", "--allow-unsigned")
    assert (done.rc, done.out) == (1, "")
    assert done.err == (
        "skep verify: foreign.tar: tar entry 0 is not a regular file\n"
        "  hint: if another tool wrote it: skep pack --from-oci foreign.tar\n"
    )


@pytest.mark.need("skopeo")
def test_foreign_tar_comes_back_unchanged(skep, tool, package, tmp_path):
    path, foreign, back = package(), tmp_path / "foreign.tar", tmp_path / "back.skep"
    tool("skopeo", "copy", "--all", f"oci-archive:{path}:exec-watch:0.1.0", f"oci-archive:{foreign}:exec-watch:0.1.0")
    skep("pack", "--from-oci", foreign, "-o", back).ok()
    assert back.read_bytes() == path.read_bytes()
    # skopeo keeps one platform and no index: the index is written anew, and is the same
    tool("skopeo", "copy", f"oci-archive:{path}:exec-watch:0.1.0", f"oci-archive:{tmp_path}/one.tar:exec-watch:0.1.0")
    skep("pack", "--from-oci", "one.tar", "-o", "one.skep").ok()
    assert (tmp_path / "one.skep").read_bytes() == path.read_bytes()


def test_gnu_tar_comes_back_with_its_signature(skep, tool, signed_package, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    tool("tar", "xf", signed_package, "-C", tree)
    tool("tar", "cf", tmp_path / "gnu.tar", "-C", tree, ".")
    skep("pack", "--from-oci", "gnu.tar", "-o", "back.skep").ok()
    assert (tmp_path / "back.skep").read_bytes() == signed_package.read_bytes()


# --- another writer's package is accepted, and every departure from the form refused ---------------


def test_second_implementation_is_accepted(check):
    done = check(Layout(Image()).bytes()).ok()
    assert "package:     toy:1.2.3\n" in done.out and "verified by: nobody\n" in done.out
    check(Layout(Image("amd64"), Image("arm64")).bytes()).ok()
    check(Layout(Image(mtime=1700000000)).bytes()).ok()
    check(Layout(Image()).refer(b"anything", "application/spdx+json").bytes()).ok()


def patched(position, value, data=None):
    """A toy package with some bytes of its first header changed and the checksum made right again."""
    raw = bytearray(data or Layout(Image()).bytes())
    raw[position : position + len(value)] = value
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    return bytes(raw)


TAR = {
    "terabyte": (lambda: patched(124, b"\x80" + bytes(5) + struct.pack(">Q", 1 << 40)[2:]), "is not an octal number"),
    "8 GiB": (lambda: patched(124, b"77777777777\0"), "claims 8589934591 bytes, "),
    "one byte too few": (lambda: tar(Layout(Image()).entries(), end=bytes(1023)), "exactly 1024 zero bytes"),
    "absolute name": (lambda: patched(0, b"/etc/cron.d/x\0"), "has a name that is absolute, leaves the archive"),
    "dot dot": (lambda: patched(0, b"blobs/../../x\0"), "has a name that is absolute, leaves the archive"),
    "empty part": (lambda: patched(0, b"blobs//"), "has a name that is absolute, leaves the archive"),
    "control character": (lambda: patched(0, b"blobs\x1b["), "has a name that is absolute, leaves the archive"),
    "symbolic link": (lambda: patched(156, b"2"), "tar entry 0 is not a regular file"),
    "device": (lambda: patched(156, b"3"), "tar entry 0 is not a regular file"),
    "owner": (lambda: patched(108, b"0001750\0"), "is not in canonical form"),
    "mode": (lambda: patched(100, b"0000755\0"), "is not in canonical form"),
    "size with spaces": (lambda: patched(124, b"       "), "is not"),
    "GNU magic": (lambda: patched(257, b"ustar  \0"), "is not in canonical form"),
    "prefix": (lambda: patched(345, b"x"), "is not in canonical form"),
    "time of its own": (lambda: patched(136, b"00000000001\0"), "has a time of its own"),
    "padding": (lambda: Layout(Image()).bytes().replace(b"}" + bytes(100), b"}" + bytes(99) + b"x", 1), "padded with other than zeros"),
    "nothing after the end": (lambda: Layout(Image()).bytes() + bytes(512), "exactly 1024 zero bytes"),
    "trailing garbage": (lambda: Layout(Image()).bytes() + b"x", "exactly 1024 zero bytes"),
    "end of one block": (lambda: tar(Layout(Image()).entries(), end=bytes(512)), "exactly 1024 zero bytes"),
    "order": (lambda: tar(Layout(Image()).entries()[::-1]), "out of order or there twice"),
    "twice": (lambda: tar(Layout(Image()).entries()[:1] * 2 + Layout(Image()).entries()[1:]), "out of order or there twice"),
    "no end": (lambda: tar(Layout(Image()).entries(), end=b""), "tar is truncated"),
    "no index.json": (lambda: tar([e for e in Layout(Image()).entries() if e[0] != "index.json"]), "'index.json' is missing"),
    "no oci-layout": (lambda: tar(Layout(Image()).entries()[:-1]), "'oci-layout' is missing"),
    "another oci-layout": (lambda: tar(Layout(Image()).entries()[:-1] + [("oci-layout", b'{"imageLayoutVersion":"1.0.1"}')]), "oci-layout is not in canonical form"),
    "stray file": (lambda: tar(Layout(Image()).entries() + [("readme", b"")]), "a package has no entry 'readme'"),
    "too many entries": (lambda: tar([(f"blobs/sha256/{i:064x}", b"") for i in range(4097)]), "more than 4096 entries"),
}


@pytest.mark.parametrize("name", TAR)
def test_bad_tar(refused, name):
    make, text = TAR[name]
    refused(make(), text)


def test_terabyte_entry_needs_no_memory(tmp_path, tool, skep):
    """Neither memory nor time depend on what a header claims."""
    (tmp_path / "x.skep").write_bytes(patched(124, b"77777777777\0"))
    done = tool("bash", "-c", f"ulimit -v 4000000; exec {skep('--version').argv[0]} verify x.skep", cwd=tmp_path, check=False)
    assert done.returncode == 1 or "Sanitizer" in done.stderr  # ASan reserves more than any limit


def index(change):
    layout = Layout(Image())
    top = layout.index_json()
    entries = dict(layout.entries())
    entries["index.json"] = change(top)
    return tar(sorted(entries.items()))


INDEX = {
    "white space": (lambda top: json.dumps(top, sort_keys=True).encode(), "index.json is not in canonical form"),
    "order of keys": (lambda top: json.dumps(top, separators=(",", ":")).encode(), "index.json is not in canonical form"),
    "duplicate key": (lambda top: canonical(top).replace(b'{"ann', b'{"size":1,"ann'), "duplicate"),
    "extra annotation": (lambda top: canonical({**top, "annotations": {"a": "b"}}), "index.json is not in canonical form"),
    "extra annotation of the package": (
        lambda top: canonical(top).replace(b'"annotations":{', b'"annotations":{"a":"b",'),
        "index.json is not in canonical form",
    ),
    "another name": (lambda top: canonical(top).replace(b"toy:1.2.3", b"toy:1.2.4"), "manifest is of 'toy:1.2.3', index.json of 'toy:1.2.4'"),
    "no package": (lambda top: canonical({**top, "manifests": []}), "does not begin with a named package"),
    "package twice": (lambda top: canonical({**top, "manifests": top["manifests"] * 2}), "index.json is not in canonical form"),
    "wrong digest": (
        lambda top: canonical(top).replace(top["manifests"][0]["digest"].encode(), b"sha256:" + b"0" * 64),
        "image index 'sha256:" + "0" * 64 + "' is missing",
    ),
    "wrong size": (lambda top: canonical(top).replace(b'"size":', b'"size":1'), "bytes, its descriptor says 1"),
    "negative size": (lambda top: canonical(top).replace(b'"size":', b'"size":-'), "has no size"),
    "huge size": (lambda top: canonical(top).replace(b'"size":', b'"size":' + b"9" * 40), "malformed JSON"),
    "upper-case digest": (lambda top: canonical(top).replace(b"sha256:", b"SHA256:"), "has no SHA-256 digest"),
    "NUL": (lambda top: canonical(top).replace(b"toy:", b"toy\\u0000:"), "malformed JSON"),
    "not UTF-8": (lambda top: canonical(top).replace(b"toy:", b"t\xffy:"), "malformed JSON"),
    "deep": (lambda top: b"[" * 200000, "malformed JSON"),
    "megabytes": (lambda top: canonical(top) + b" " * (1 << 20), "index.json has 10"),
    "no JSON": (lambda top: b"", "malformed JSON"),
}


@pytest.mark.parametrize("name", INDEX)
def test_bad_index_json(refused, name):
    change, text = INDEX[name]
    refused(index(change), text)


def image_index(change):
    layout = Layout(Image("amd64"), Image("arm64"))
    layout.image_index = change(layout.image_index)
    return layout.bytes()


def platforms(change):
    return lambda index: {**index, "manifests": change(index["manifests"])}


IMAGE_INDEX = {
    "order": (platforms(lambda p: p[::-1]), "platform amd64 is out of order or twice"),
    "twice": (platforms(lambda p: p[:1] * 2), "platform amd64 is out of order or twice"),
    "none": (platforms(lambda p: []), "image index has 0 platforms"),
    "many": (platforms(lambda p: p * 9), "image index has 18 platforms"),
    "windows": (platforms(lambda p: [{**p[0], "platform": {"architecture": "amd64", "os": "windows"}}, p[1]]), "an entry for 'windows/amd64'"),
    "our spelling": (platforms(lambda p: [{**p[0], "platform": {"architecture": "x86_64", "os": "linux"}}, p[1]]), "an entry for 'linux/x86_64'"),
    "another's manifest": (platforms(lambda p: [p[0], {**p[0], "platform": p[1]["platform"]}]), "config is not for linux/arm64"),
    "docker": (lambda i: {**i, "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json"}, "image index is not '"),
    "schema": (lambda i: {**i, "schemaVersion": 1}, "of schema 2"),
    "no list": (lambda i: {**i, "manifests": {}}, "image index has 0 platforms"),
    "unreferenced": (platforms(lambda p: p[:1]), "nothing refers to blob 'sha256:"),
    "array": (lambda i: [], "image index is not '"),
    "annotation": (lambda i: {**i, "annotations": {"a": "b"}}, "image index is not in canonical form"),
    "platform as Go reads it": (
        platforms(lambda p: [{**p[0], "Platform": p[1]["platform"]}, p[1]]),
        "image index is not in canonical form",
    ),
}


@pytest.mark.parametrize("name", IMAGE_INDEX)
def test_bad_image_index(refused, name):
    change, text = IMAGE_INDEX[name]
    refused(image_index(change), text)


def one(**change):
    image = Image()
    for key, value in change.items():
        getattr(image, key).update(value)
    return Layout(image)


def second_layer(change=lambda d: d):
    image = Image()
    image.manifest["layers"] = [image.layers[0], change(image.layers[0])]
    return Layout(image).bytes()


def wrong_config_digest():
    layout = Layout(Image())
    raw = json.loads(canonical(layout.image_index))
    manifest = json.loads(layout.blobs[raw["manifests"][0]["digest"]])
    manifest["config"]["digest"] = "sha256:" + "1" * 64
    return with_manifest(layout, manifest)


def with_manifest(layout, manifest):
    old = layout.image_index["manifests"][0]
    data = manifest if isinstance(manifest, bytes) else canonical(manifest)
    del layout.blobs[old["digest"]]
    layout.image_index["manifests"][0] = {**layout.add(skepfile.MANIFEST, data), "platform": old["platform"]}
    return layout.bytes()


def raw_manifest(change):
    layout = Layout(Image())
    return with_manifest(layout, change(layout.blobs[layout.image_index["manifests"][0]["digest"]]))


def config(**change):
    image = Image()
    image.config |= change
    return Layout(image).bytes()


def unused():
    layout = Layout(Image())
    layout.add("x", b"nobody wants me")
    return layout.bytes()


IMAGE = {
    "two layers": (second_layer, "linux/amd64 has 2 layers, a package has exactly one"),
    "no layer": (lambda: Layout_with_layers([]), "linux/amd64 has 0 layers"),
    "docker layer": (lambda: Layout_with_layers([{**Image().layers[0], "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"}]), "layer is 'application/vnd.docker"),
    "missing config": (wrong_config_digest, "config 'sha256:" + "1" * 64 + "' is missing"),
    "manifest with a duplicate key": (lambda: raw_manifest(lambda m: m.replace(b'{"config"', b'{"config":{},"config"', 1)), "duplicate"),
    "manifest is no JSON": (lambda: raw_manifest(lambda m: m[:-1]), "malformed JSON"),
    "white space in the manifest": (lambda: raw_manifest(lambda m: m + b"\n"), "platform manifest is not in canonical form"),
    "label beside the config": (lambda: config(Config={}), "config has members that no package has"),
    "entry point in the config": (lambda: config(config={"Labels": {}, "Cmd": ["x"]}), "config has members that no package has"),
    "deep manifest": (lambda: raw_manifest(lambda m: b'{"a":' * 50000), "malformed JSON"),
    "config of another architecture": (lambda: config(architecture="arm64"), "config is not for linux/amd64"),
    "config without layer": (lambda: config(rootfs={"type": "layers", "diff_ids": []}), "config does not name exactly one layer"),
    "config of another layer": (lambda: config(rootfs={"type": "layers", "diff_ids": ["sha256:" + "2" * 64]}), "layer is not the one whose digest the config holds"),
    "unreferenced blob": (unused, "nothing refers to blob '" + sha256(b"nobody wants me")),
}


def two_faced():
    """-> package, and the layer that Go's JSON, in which case does not matter, takes for the package's"""
    hidden = Image(files=[("toy.bpf.o", b"\x7fELF the other"), ("skep/extra.txt", b"x")])
    layout = Layout(Image())
    old = layout.image_index["manifests"][0]
    other = {"Config": layout.add(skepfile.CONFIG, hidden.config), "Layers": [layout.add(skepfile.LAYER, hidden.layer)]}
    manifest = layout.blobs.pop(old["digest"])[:-1] + b"," + canonical(other)[1:]
    layout.image_index["manifests"][0] = {**layout.add(skepfile.MANIFEST, manifest), "platform": old["platform"]}
    alibi = [layout.add("text/plain", b"an alibi"), other["Layers"][0], other["Config"]]
    return layout.refer(b"an alibi", "text/plain", layers=alibi).bytes(), other["Layers"][0]["digest"]


def test_what_others_read_otherwise_is_refused(refused, tool, tmp_path):
    data, hidden = two_faced()
    (tmp_path / "two.skep").write_bytes(data)
    seen = tool("skopeo", "inspect", "--override-arch", "amd64", f"oci-archive:{tmp_path}/two.skep:toy:1.2.3").stdout
    assert json.loads(seen)["Layers"] == [hidden]
    refused(data, "platform manifest is not in canonical form")


def Layout_with_layers(layers):
    image = Image()
    image.manifest["layers"] = layers
    return Layout(image).bytes()


@pytest.mark.parametrize("name", IMAGE)
def test_bad_image(refused, name):
    make, text = IMAGE[name]
    refused(make(), text)


def files_of(*files):
    return lambda: Layout(Image(files=list(files))).bytes()


def meta(change):
    return lambda: Layout(Image(change=change)).bytes()


def set_to(path, value):
    """Change one member of manifest.json, ('objects', 0, 'name'); the value ... removes it."""

    def change(m):
        for step in path[:-1]:
            m = m[step]
        if value is ...:
            del m[path[-1]]
        else:
            m[path[-1]] = value

    return meta(change)


def layer(make):
    return lambda: Layout(Image(layer=make)).bytes()


def bad_layer_tar(data):
    image = Image()
    image.layer, image.config["rootfs"]["diff_ids"] = gz(data), [sha256(data)]
    image.manifest["layers"] = [descriptor(skepfile.LAYER, image.layer)]
    return Layout(image).bytes()


OBJ = ("toy.bpf.o", skepfile.OBJECT)
PARAM = {"name": "p", "type": "u64", "bind": "rodata", "target": "x"}


def needs(row):
    row = {"kind": "helper", "name": "bpf_loop", "programs": [], **row}
    return {"isa": "v1", "needs": [row], "hooks": [], "core": []}


LAYERS = {
    "manifest of another schema": (set_to(["schema"], 2), "manifest is of schema 2, this skep reads 1"),
    "no schema": (set_to(["schema"], ...), "manifest has no schema number"),
    "no name": (set_to(["name"], ...), "manifest has no proper 'name'"),
    "bad name": (set_to(["name"], "../x"), "manifest has no proper 'name'"),
    "bad version": (set_to(["version"], "1 2"), "manifest has no proper 'version'"),
    "another architecture": (set_to(["arch"], "arm64"), "manifest is for arm64, its platform is x86_64"),
    "unknown architecture": (set_to(["arch"], "vax"), "manifest has no proper 'arch'"),
    "no objects": (set_to(["objects"], []), "manifest names no object"),
    "object twice": (meta(lambda m: m["objects"].append(m["objects"][0])), "object 'toy' is there twice"),
    "object of another name": (set_to(["objects", 0, "name"], "toys"), "layer entry 'toy.bpf.o' is out of place"),
    "object is a number": (set_to(["objects", 0], 7), "object has no proper 'name'"),
    "program without type": (set_to(["objects", 0, "programs", 0, "type"], ...), "program has no proper 'type'"),
    "map with a huge size": (set_to(["objects", 0, "maps", 0, "key_size"], 1 << 32), "map has no proper 'key_size'"),
    "map with a negative size": (set_to(["objects", 0, "maps", 0, "key_size"], -1), "map has no proper 'key_size'"),
    "requirements are a list": (set_to(["objects", 0, "requirements"], []), "requirements have no proper 'isa'"),
    "need without sources": (set_to(["objects", 0, "requirements"], needs({})), "requirements have no proper 'sources'"),
    "need of another list": (set_to(["objects", 0, "requirements"], needs({"kind": "hook", "sources": []})), "requirements have no proper 'kind'"),
    "need that writes to terminals": (
        set_to(["objects", 0, "requirements"], needs({"name": "a\x1b[2J", "sources": []})),
        "requirements have no proper 'name'",
    ),
    "least kernel without reason": (
        set_to(["objects", 0, "requirements"], {**needs({"sources": []}), "minimum": "5.17"}),
        "requirements have no proper 'because'",
    ),
    "file digest": (set_to(["files", 0, "digest"], "sha256:" + "3" * 64), "layer entry 'skep/extra.txt' is not what the manifest says"),
    "file size": (set_to(["files", 1, "size"], 1), "layer entry 'toy.bpf.o' is not what the manifest says"),
    "file unknown": (set_to(["files", 0, "name"], "skep/other"), "manifest does not know layer entry 'skep/extra.txt'"),
    "file absent": (meta(lambda m: m["files"].append({**m["files"][0], "name": "z"})), "manifest lists 3 files, the layer has 2"),
    "file twice": (meta(lambda m: m["files"].append(m["files"][1])), "file 'toy.bpf.o' is out of order or twice"),
    "file outside": (set_to(["files", 0, "name"], "../../etc/passwd"), "file has no proper 'name'"),
    "parameter of no type": (meta(lambda m: m["params"].append({**PARAM, "type": "u65"})), "parameter has no proper 'type'"),
    "parameter that binds nothing": (meta(lambda m: m["params"].append({**PARAM, "bind": "x"})), "parameter binds 'x'"),
    "parameter twice": (meta(lambda m: m["params"].extend([PARAM, PARAM])), "parameter 'p' is there twice"),
    "no toolchain": (set_to(["toolchain"], ...), "toolchain has no proper 'flags'"),
    "manifest is an array": (lambda: Layout(Image(change=lambda m: m.clear())).bytes(), "manifest has no schema number"),
    "first entry is not the object": (files_of(("skep/a", b"x"), OBJ), "layer entry 'skep/a' is out of place"),
    "files out of order": (files_of(OBJ, ("skep/b", b"x"), ("skep/a", b"x")), "layer entry 'skep/a' is out of place"),
    "gzip with a name": (layer(lambda t: gz(t, head=b"\x1f\x8b\x08\x08\0\0\0\0\0\xffname\0")), "layer is not gzip in canonical form"),
    "gzip with a time": (layer(lambda t: gz(t, head=b"\x1f\x8b\x08\0\1\0\0\0\x02\xff")), "layer is not gzip in canonical form"),
    "gzip of unix": (layer(lambda t: gz(t, head=b"\x1f\x8b\x08\0\0\0\0\0\x02\x03")), "layer is not gzip in canonical form"),
    "two gzip members": (layer(lambda t: gz(t[:512]) + gz(t[512:])), "layer's gzip trailer does not fit its content"),
    "gzip checksum": (layer(lambda t: gz(t)[:-8] + bytes(4) + gz(t)[-4:]), "layer's gzip trailer does not fit its content"),
    "gzip cut": (layer(lambda t: gz(t)[: len(gz(t)) // 2]), "layer is not a whole deflate stream"),
    "no gzip": (layer(lambda t: t), "layer is not gzip in canonical form"),
    "layer of ten bytes": (layer(lambda t: gz(t)[:10]), "layer is not gzip in canonical form"),
    "gzip bomb": (layer(lambda t: gz(bytes(300 << 20))), "layer inflates to more than 256 MiB"),
    "another time within": (lambda: bad_layer_tar(Image(mtime=5).tar), "package and layer are of different times"),
    "no manifest within": (lambda: bad_layer_tar(tar([OBJ])), "layer holds no skep/manifest.json"),
    "link within": (lambda: bad_layer_tar(header("a", 0, kind=b"2") + Image().tar), "tar entry 0 is not a regular file"),
    "way out within": (lambda: bad_layer_tar(header("../a", 0) + Image().tar), "has a name that is absolute, leaves the archive"),
    "terabyte within": (lambda: bad_layer_tar(header("a", 0, size_field=b"77777777777\0") + Image().tar), "claims 8589934591 bytes"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_bad_layer(refused, name):
    make, text = LAYERS[name]
    refused(make(), text)


def test_members_of_later_versions_are_ignored(check):
    check(Layout(Image(change=lambda m: m.update(requirements={"helpers": [1, 2]}))).bytes()).ok()


def referrer(**change):
    return lambda: Layout(Image()).refer(b"x", **change).bytes()


OTHER = descriptor(skepfile.INDEX, b"another package")
REFERRERS = {
    "subject": (referrer(subject=OTHER), f"referrer's subject '{OTHER['digest']}' is not in the package"),
    "no subject": (referrer(subject={}), "descriptor of a referrer's subject has no media type"),
    "no type": (referrer(artifactType=""), "referrer has no artifact type"),
    "config": (referrer(config=b"{ }"), "referrer's config is not empty"),
    "no layers": (referrer(layers=[]), "referrer has 0 layers"),
    "many layers": (referrer(layers=[descriptor("x", b"{}")] * 65), "referrer has 65 layers"),
    "missing layer": (referrer(layers=[descriptor("x", b"absent")]), "referrer's layer '" + sha256(b"absent") + "' is missing"),
    "schema": (referrer(schemaVersion=1), "referrer is not '"),
    "large": (referrer(annotations={"x": "y" * (256 << 10)}), "referrer has 2627"),
}


@pytest.mark.parametrize("name", REFERRERS)
def test_bad_referrer(refused, name):
    make, text = REFERRERS[name]
    done = refused(make(), text)
    assert "  while reading referrer sha256:" in done.err


# --- what is no package at all -------------------------------------------------------------------


def test_wrong_kind_of_file(check, skep, tmp_path):
    for data in (b"", b"hello", b"\x7fELF" + bytes(4000), bytes(10240)):
        done = check(data)
        assert (done.rc, done.out, done.err) == (2, "", "skep verify: x.skep: not a package\n")
    assert skep("verify", "/dev/zero").err == "skep verify: /dev/zero: not a package but a device or pipe\n"
    os.mkfifo(tmp_path / "pipe")
    assert skep("verify", "pipe").rc == 2
    assert skep("verify", tmp_path).err == f"skep verify: {tmp_path}: not a package but a folder\n"
    done = skep("verify", "absent.skep")
    assert (done.rc, done.err) == (3, "skep verify: absent.skep: cannot open: No such file or directory\n")


def test_file_beyond_the_limit(skep, tmp_path, toy):
    os.truncate(toy, 513 << 20)
    done = skep("verify", toy)
    assert (done.rc, done.err) == (1, f"skep verify: {toy}: package has more than 512 MiB\n")


def test_truncated_anywhere(check):
    whole = Layout(Image()).bytes()
    for length in [20, 100, 511, 512, 513, *range(1024, len(whole), 512), len(whole) - 1]:
        done = check(whole[:length])
        assert (done.rc, done.out) == (1, ""), (length, done)


# --- any single byte -----------------------------------------------------------------------------


def regions(path):
    """-> {region: (start, end)} of a signed package."""
    raw, at, found = path.read_bytes(), 0, {}
    while raw[at]:
        name = raw[at : at + 100].rstrip(b"\0").decode()
        size = int(raw[at + 124 : at + 135], 8)
        data = raw[at + 512 : at + 512 + size]
        kind = name
        if name.startswith("blobs"):
            value = json.loads(data) if data[:1] == b"{" else {}
            kind = next((k for k in ("dsseEnvelope", "rootfs", "subject", "layers", "manifests") if k in value), None)
            kind = kind or ("empty" if data == b"{}" else "layer")
        found[kind] = (at + 512, at + 512 + size)
        found[f"header of {kind}"] = (at, at + 512)
        at += 512 + size + -size % 512
        if -size % 512:
            found[f"padding of {kind}"] = (at - (-size % 512), at)
    found["end"] = (at, len(raw))
    return found


def test_any_byte_changed_is_refused_by_the_program(skep, signed_package, trust, tmp_path):
    raw = signed_package.read_bytes()
    found = regions(signed_package)
    kinds = {"dsseEnvelope", "rootfs", "subject", "layers", "manifests", "layer", "index.json", "oci-layout", "empty"}
    assert kinds <= set(found)
    dice = random.Random(1)
    for region, (start, end) in found.items():
        for position in {start, end - 1, *(dice.randrange(start, end) for _ in range(6))}:
            changed = bytearray(raw)
            changed[position] ^= 1 << dice.randrange(8)
            (tmp_path / "changed.skep").write_bytes(changed)
            done = skep("verify", "changed.skep", "--trust", trust, "--allow-unsigned")
            assert (done.rc, done.out) == (1, ""), (region, position, done)
            assert done.err.startswith("skep verify: changed.skep"), (region, position, done)


@pytest.fixture(scope="session")
def probe(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("probe") / "probe_package"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "-ljansson", "-lcrypto", "-lz"]
    done = subprocess.run(
        [*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_package.c", *libs], cwd=repo, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return program


def test_every_byte_changed_is_refused_by_the_reader(probe, keys, skep, tool, toy):
    for key in (keys.rsa, keys.ecdsa):
        skep("sign", toy, "--key", key.key, "--cert", key.crt).ok()
    done = tool(probe, "flip", toy, timeout=300)
    assert done.stdout == f"{toy.stat().st_size} bytes\n"


def test_package_swapped_after_opening(probe, package, tool, toy):
    """What was opened stays what it was: the path is not read again and the copy cannot be written."""
    path = package()
    digest = parts(path)[0]["manifests"][0]["digest"]
    done = tool(probe, "swap", path, toy)
    assert done.stdout.splitlines()[0] == digest
    assert done.stdout.splitlines()[1] in ("Operation not permitted", "Permission denied")
    assert path.read_bytes() == toy.read_bytes()


@pytest.mark.need("strace")
def test_path_is_opened_once(signed_package, trust, skep, tool, tmp_path):
    argv = skep("verify", signed_package, "--trust", trust).ok().argv
    tool("strace", "-f", "-e", "trace=openat,open,stat,newfstatat", "-o", tmp_path / "trace", *argv, env={"ASAN_OPTIONS": "detect_leaks=0"})
    lines = [l for l in (tmp_path / "trace").read_text().splitlines() if str(signed_package) in l]
    assert len(lines) == 1, lines
