import { builtInFilters } from "../../registry/filters.ts";
import { builtInPlugins } from "../../registry/plugins.ts";
import { commands } from "../nbd/commands.ts";
import { type Option, options } from "../option-table.ts";

const files = '$(compgen -f -- "$cur")';

/** Returns the bash completion of `nbdkit`. */
export function nbdkitCompletion(): string {
  const names = options.flatMap(({ long }) => long.map((name) => `--${name}`));
  return `# bash completion for nbdkit
_nbdkit() {
    local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
    # bash takes --log=syslog apart.
    if [ "$cur" = "=" ]; then cur=
    elif [ "$prev" = "=" ]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
    case $prev in
${valueBranches().join("\n")}
    esac
    case $cur in
        -*) COMPREPLY=(${words(names)}) ;;
        *) COMPREPLY=(${words(Object.keys(builtInPlugins))} ${files}) ;;
    esac
}
complete -o filenames -F _nbdkit nbdkit
`;
}

/** Returns the bash completion of `nbd`. */
export function nbdCompletion(): string {
  const branches = commands.map(({ name, options: table }) => {
    const names = Object.keys(table).map((option) => `--${option}`);
    return `        ${name}) names='${names.join(" ")}' ;;`;
  });
  return `# bash completion for nbd
_nbd() {
    local cur=\${COMP_WORDS[COMP_CWORD]} names=
    case \${COMP_WORDS[1]} in
${branches.join("\n")}
    esac
    if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=(${words(commands.map(({ name }) => name))})
    elif [ "\${cur#-}" != "$cur" ]; then COMPREPLY=($(compgen -W "$names" -- "$cur"))
    else COMPREPLY=(${files}); fi
}
complete -o filenames -F _nbd nbd
`;
}

/** Returns one case per kind of value: the possible values after these options. */
function valueBranches(): readonly string[] {
  const namesByValues = new Map<string, string[]>();
  for (const option of options) {
    if (option.value === undefined) continue;
    const values = valuesOf(option.value);
    namesByValues.set(values, [...(namesByValues.get(values) ?? []), ...namesOf(option)]);
  }
  return [...namesByValues].map(
    ([values, names]) => `        ${names.join("|")}) COMPREPLY=(${values}); return ;;`,
  );
}

function namesOf({ short, long }: Option): readonly string[] {
  return [...(short === undefined ? [] : [`-${short}`]), ...long.map((name) => `--${name}`)];
}

/** Returns the completion of a value, by its placeholder in --help. */
function valuesOf(value: string): string {
  if (value === "FILTER") return words(Object.keys(builtInFilters));
  if (value === "USER") return '$(compgen -u -- "$cur")';
  if (value === "GROUP") return '$(compgen -g -- "$cur")';
  const known = value.split("|").filter((word) => /^[a-z]+$/.test(word));
  return known.length > 0 ? words(known) : files;
}

function words(list: readonly string[]): string {
  return `$(compgen -W '${list.join(" ")}' -- "$cur")`;
}
