/** A file as a list of files names it. */
export interface Listed {
  path: string;
  size: number;
}

/** A line of a tree of files: a folder with what is below it, or a file. */
export type TreeRow<F extends Listed> =
  | { kind: "folder"; path: string; name: string; depth: number; files: number; size: number }
  | { kind: "file"; path: string; name: string; depth: number; file: F };

interface Folder<F> {
  path: string;
  folders: Map<string, Folder<F>>;
  files: F[];
  count: number;
  size: number;
}

const collator = new Intl.Collator("en", { numeric: true });

function folderOf<F>(path: string): Folder<F> {
  return { path, folders: new Map(), files: [], count: 0, size: 0 };
}

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** The lines that show: what is in closed folders does not. Folders stand before files. */
export function treeRows<F extends Listed>(
  files: readonly F[],
  isOpen: (folder: string) => boolean,
): TreeRow<F>[] {
  const root = folderOf<F>("");
  for (const file of files) {
    let at = root;
    at.count += 1;
    at.size += file.size;
    for (let slash = file.path.indexOf("/"); slash > 0; slash = file.path.indexOf("/", slash + 1)) {
      const path = file.path.slice(0, slash);
      const inner = at.folders.get(path) ?? folderOf<F>(path);
      at.folders.set(path, inner);
      inner.count += 1;
      inner.size += file.size;
      at = inner;
    }
    at.files.push(file);
  }
  const rows: TreeRow<F>[] = [];
  const walk = (folder: Folder<F>, depth: number) => {
    const folders = [...folder.folders.values()].sort((a, b) => collator.compare(a.path, b.path));
    for (const { path, count, size } of folders) {
      rows.push({ kind: "folder", path, name: nameOf(path), depth, files: count, size });
      const inner = folder.folders.get(path);
      if (inner && isOpen(path)) walk(inner, depth + 1);
    }
    for (const file of folder.files) {
      rows.push({ kind: "file", path: file.path, name: nameOf(file.path), depth, file });
    }
  };
  walk(root, 0);
  return rows;
}
