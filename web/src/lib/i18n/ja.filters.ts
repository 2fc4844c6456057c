import type { Catalogue } from "./en";

/** 絞り込みの日本語の文言。 */
export const filters: Catalogue["filters"] = {
  build: "条件を組み立てる",
  help: "絞り込みの書き方",
  examples: "= != < <= > >= で比較、~ で正規表現に一致、and、or、not で組み合わせます。",
  unreadable:
    "入力中の式が完結していないため、条件として表示できません。式を直すか、最初からやり直してください。",
  startOver: "最初からやり直す",
  group: "条件のグループ",
  join: "条件の結び方",
  all: "すべて満たす",
  any: "いずれかを満たす",
  not: "否定",
  addCondition: "条件",
  addGroup: "グループ",
  removeGroup: "グループを削除",
  remove: "条件を削除",
  field: "項目",
  operator: "比較",
  value: "値",
  values: "値（カンマ区切り）",
};
