import { expect, test } from "vitest";
import { readPatch } from "./patch";

const PATCH = `diff --git a/train.py b/train.py
index 1f2a..9b3c 100644
--- a/train.py
+++ b/train.py
@@ -10,4 +10,5 @@ def train():
 model = build()
-lr = 0.1
+lr = 0.01
+decay = 0.5
 for batch in data:
     step(batch)
diff --git a/new.py b/new.py
new file mode 100644
--- /dev/null
+++ b/new.py
@@ -0,0 +1,2 @@
+import os
+print(os)
diff --git a/old.py b/old.py
deleted file mode 100644
--- a/old.py
+++ /dev/null
@@ -1 +0,0 @@
-pass
\\ No newline at end of file
`;

test("each file of a patch has its lines beside each other, numbered as in the files", () => {
  const [train, made, gone] = readPatch(PATCH);
  expect([train?.path, train?.kind, train?.added, train?.removed]).toEqual([
    "train.py",
    "changed",
    2,
    1,
  ]);
  const rows = train?.parts[0]?.rows ?? [];
  expect(rows.map((row) => [row.kind, row.before?.line, row.after?.line])).toEqual([
    ["same", 10, 10],
    ["changed", 11, 11],
    ["added", undefined, 12],
    ["same", 12, 13],
    ["same", 13, 14],
  ]);
  expect(rows[1]?.after?.pieces.map((piece) => piece.text).join("")).toBe("lr = 0.01");
  expect([made?.path, made?.kind, made?.added, made?.removed]).toEqual(["new.py", "added", 2, 0]);
  expect([gone?.path, gone?.kind, gone?.added, gone?.removed]).toEqual(["old.py", "removed", 0, 1]);
});

test("what is no patch has no files", () => {
  expect(readPatch("")).toEqual([]);
  expect(readPatch("some text\n")).toEqual([]);
});
