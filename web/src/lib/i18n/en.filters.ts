/** English texts of filters. */
export const filters = {
  build: "Build the filter",
  help: "How to write a filter",
  examples: "Compare with = != < <= > >=, match text with ~, and join with and, or, not.",
  unreadable:
    "The text in the filter is not complete, so it cannot be shown as conditions. Correct it, or start over.",
  startOver: "Start over",
  group: "Group of conditions",
  join: "How the conditions are joined",
  all: "All of them",
  any: "Any of them",
  not: "Not",
  addCondition: "Condition",
  addGroup: "Group",
  removeGroup: "Remove the group",
  remove: "Remove the condition",
  field: "Field",
  operator: "Comparison",
  value: "Value",
  values: "Values, with commas",
};
