// Tables of options and parameters in Markdown, and a list of what is missing in their declarations.
import { defaultOf, valuesText } from "../../dist/cli/manual/facts.js";

/** One row for each option: its forms, its description, its default and its accepted values. */
export function optionTable(rows) {
  return table("option", rows);
}

/** The same for the parameters of a plugin or filter. */
export function parameterTable(component) {
  return table("parameter", parameterRows(component));
}

export function parameterRows({ magicKey, catchAllKey, parameters = {} }) {
  return Object.entries(parameters).map(([key, declared]) => {
    const { placeholder, help = "", aliases = [] } = declared;
    const name = key === magicKey ? `[${key}=]` : `${key}=`;
    const also = aliases.length === 0 ? "" : ` Also ${aliases.map((alias) => `\`${alias}=\``).join(", ")}.`;
    const forms = [`${name}${key === catchAllKey ? "..." : placeholder}`];
    return { name, forms, help: `${help}.${also}`, takesValue: true, placeholder, facts: declared };
  });
}

/** One line for each option or parameter that has no description, or has a value and no default. */
export function gapsOf(where, rows) {
  return rows.flatMap(({ name, help = "", takesValue, facts }) => [
    ...(/^\W*(?: Also .*)?$/.test(help) ? [`${where}: ${name} has no description`] : []),
    ...(takesValue && facts.required !== true && defaultOf(facts).text === ""
      ? [`${where}: ${name} is not required and has no default: declare default or defaultText`]
      : []),
  ]);
}

function table(title, rows) {
  return [
    `| ${title} | | default | values |`,
    "| --- | --- | --- | --- |",
    ...rows.map(({ forms, help, takesValue, placeholder, facts }) => {
      const cells = [
        forms.map((form) => `\`${form}\``).join(" "),
        help.replace(/\*([^*\s][^*]*)\*/g, "`$1`"),
        takesValue ? defaultCell(facts) : "",
        takesValue ? valuesCell(facts, placeholder) : "",
      ];
      return `| ${cells.map(cell).join(" | ")} |`;
    }),
  ];
}

function defaultCell(facts) {
  if (facts.required === true) return "required";
  const { text, isTyped } = defaultOf(facts);
  return isTyped ? `\`${text}\`` : text;
}

function valuesCell(facts, placeholder) {
  const again = { refused: "only once", added: "may be repeated" }[facts.again] ?? "";
  return [valuesText(facts, placeholder), again].filter((part) => part !== "").join("; ");
}

function cell(text) {
  return text.replace(/\s+/g, " ").trim().replaceAll("|", "\\|");
}
