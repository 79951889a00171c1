// Reads the package's exports from the declarations that tsc wrote into dist/.
import { Node, Project, ts } from "ts-morph";

/**
 * `base` is the entry point whose exports this one repeats. They are described only on the page of the base.
 */
export const entryPoints = [
  { name: "nbdkit-node", page: "api", file: "dist/index.d.ts" },
  { name: "nbdkit-node/plugin", page: "plugin-api", file: "dist/plugin.d.ts", base: "nbdkit-node" },
  { name: "nbdkit-node/filter", page: "filter-api", file: "dist/filter.d.ts", base: "nbdkit-node/plugin" },
  { name: "nbdkit-node/testing", page: "testing-api", file: "dist/testing.d.ts", base: "nbdkit-node/plugin" },
];

const project = new Project({
  compilerOptions: {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    strict: true,
    skipLibCheck: true,
    types: ["node"],
  },
});

/** The exports of an entry point by name, without the exports of its base. */
export function readExports(entry) {
  const own = declarationsOf(entry);
  const base = entryPoints.find(({ name }) => name === entry.base);
  const known = base === undefined ? new Map() : allDeclarationsOf(base);
  return [...own]
    .filter(([name, [declaration]]) => known.get(name)?.[0] !== declaration)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, declarations]) => describe(name, declarations));
}

function allDeclarationsOf(entry) {
  const base = entryPoints.find(({ name }) => name === entry.base);
  return new Map([...(base === undefined ? [] : allDeclarationsOf(base)), ...declarationsOf(entry)]);
}

function declarationsOf({ file }) {
  return project.addSourceFileAtPath(file).getExportedDeclarations();
}

function describe(name, [declaration]) {
  return {
    name,
    kind: kindOf(declaration),
    signature: signatureOf(declaration),
    ...commentOf(declaration),
    members: membersOf(declaration),
  };
}

function kindOf(declaration) {
  if (Node.isFunctionDeclaration(declaration)) return "function";
  if (Node.isClassDeclaration(declaration)) return "class";
  if (Node.isInterfaceDeclaration(declaration)) return "interface";
  return Node.isVariableDeclaration(declaration) ? "constant" : "type";
}

/**
 * The declaration as code. Members of classes and interfaces are left out, because they have their own table.
 */
function signatureOf(declaration) {
  const text = declaration.getText().replace(/^export (declare )?/, "");
  return hasMembers(declaration) ? text.slice(0, text.indexOf("{")).trim() : text;
}

function hasMembers(declaration) {
  return Node.isClassDeclaration(declaration) || Node.isInterfaceDeclaration(declaration);
}

function membersOf(declaration) {
  if (!hasMembers(declaration)) return [];
  return declaration
    .getMembers()
    .filter((member) => !isHidden(member))
    .map((member) => ({ signature: member.getText().replace(/^readonly |;$/g, ""), ...commentOf(member) }));
}

function isHidden(member) {
  if (Node.isConstructorDeclaration(member)) return true;
  if (Node.isPropertyDeclaration(member) && member.getName().startsWith("#")) return true;
  return Node.isModifierable(member) && member.hasModifier(ts.SyntaxKind.PrivateKeyword);
}

/** The text of a comment, and its @tags as [name, text]. */
function commentOf(declaration) {
  const docs = Node.isJSDocable(declaration) ? declaration.getJsDocs() : [];
  const last = docs.at(-1);
  if (last === undefined) return { text: "", tags: [] };
  const tags = last.getTags().map((tag) => {
    const name = Node.isJSDocParameterTag(tag) ? `param ${tag.getName()}` : tag.getTagName();
    return [name, plain(ts.getTextOfJSDocComment(tag.compilerNode.comment))];
  });
  return { text: plain(ts.getTextOfJSDocComment(last.compilerNode.comment)), tags };
}

/** Replaces links by the text that they show. */
function plain(comment = "") {
  return comment.replace(/\{@link\s+([^}]*?)\s*\}/g, "`$1`").trim();
}
