import type { Catalogue } from "./en";

/** ランのコードに関する日本語の文言。 */
export const code: Catalogue["code"] = {
  empty: "コードはありません",
  emptyText: "このランには、プログラムも、最後のコミットからの変更も保存されていません。",
  changes: "コミット後の変更",
  files: "コード",
  artifacts: "アーティファクトとして記録",
  beside: "{{name}} と比較",
  onlyThere: "相手のランにのみ存在",
  changed_other: "{{count, number}} 個のファイルを変更",
  added: "新規",
  removed: "削除",
  binary: "テキストではないファイルです。",
  tooBig: "大きすぎるため比較できません",
  missing: "{{name}} にこのファイルはありません。",
};
