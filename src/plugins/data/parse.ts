import { NbdError } from "../../core/errors.ts";
import { type Data, type Expression, isData } from "./expression.ts";
import { type Token, tokenize } from "./tokens.ts";

/**
 * The maximum depth of nested parentheses and variables. The parser is recursive, and the stack is limited.
 */
const nestingMax = 500;

/** Returns the text of a variable; undefined when it does not exist. */
export type Variables = (name: string) => string | undefined;

/**
 * Parses a description into an expression tree.
 * @throws NbdError EINVAL or ENOENT, with a line for the user
 */
export function parse(text: string, variables: Variables): Data {
  return new Parser(text, variables, []).parseAll();
}

/**
 * Parses one text. The text of a variable gets its own parser: a parenthesis cannot open in one text and
 * close in another.
 */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #variables: Variables;
  /** The variables whose text contains this text, to detect a variable that refers to itself. */
  readonly #within: readonly string[];
  #next = 0;
  #depth = 0;

  constructor(text: string, variables: Variables, within: readonly string[]) {
    this.#tokens = tokenize(text);
    this.#variables = variables;
    this.#within = within;
  }

  parseAll(): Data {
    const all = this.#list();
    if (this.#next === this.#tokens.length) return all;
    throw new NbdError("EINVAL", "unmatched ')' in data string");
  }

  /** Parses up to the end of the text or to a `)`. */
  #list(): Data {
    const items: Expression[] = [];
    for (; ; this.#next++) {
      const token = this.#tokens[this.#next];
      if (token === undefined || token.kind === "close") break;
      items.push(this.#item(token, items));
    }
    const [first, second] = items;
    // Do not wrap a single expression in a list: the evaluator reads only the sliced part of a source that it
    // can see.
    return isData(first) && second === undefined ? first : { kind: "list", items };
  }

  #item(token: Exclude<Token, { kind: "close" }>, items: Expression[]): Expression {
    switch (token.kind) {
      case "open":
        return this.#nested();
      case "variable":
        return this.#variable(token.name);
      case "repeat":
        return { kind: "repeat", of: takeLast(items, "*N"), count: token.count };
      case "slice":
        return { kind: "slice", of: takeLast(items, "[N:M]"), from: token.from, to: token.to };
      case "assign":
        return { kind: "assign", name: token.name, of: takeLast(items, "->") };
      default:
        return token;
    }
  }

  #nested(): Data {
    if (this.#depth + this.#within.length >= nestingMax) {
      throw new NbdError("EINVAL", `data parameter: more than ${nestingMax} nested expressions`);
    }
    this.#next++;
    this.#depth++;
    const inside = this.#list();
    this.#depth--;
    if (this.#next < this.#tokens.length) return inside;
    throw new NbdError("EINVAL", "unmatched '(' in data string");
  }

  #variable(name: string): Data {
    if (this.#within.includes(name)) {
      throw new NbdError("EINVAL", `$${name}: the variable refers to itself`);
    }
    const text = this.#variables(name);
    if (text === undefined) {
      throw new NbdError(
        "ENOENT",
        `$${name}: variable not found: give ${name}=... or set it in the environment`,
      );
    }
    return new Parser(text, this.#variables, [...this.#within, name]).parseAll();
  }
}

/** Removes and returns the last expression, the operand of a postfix operator. */
function takeLast(items: Expression[], operator: string): Data {
  const last = items.pop();
  if (last === undefined) throw new NbdError("EINVAL", `${operator} must follow an expression`);
  if (isData(last)) return last;
  throw new NbdError("EINVAL", `${operator} cannot be applied to this type of expression: it has no bytes`);
}
