import { patches } from '../kernel/patches/index.ts';
import { trees } from '../kernel/trees/index.ts';
import { VngFailure } from './failure.ts';
import { optionTable } from './options.ts';

/** A script that teaches a shell the options of `vng`, from the one table. */
export function completionScript(shell: string): string {
  if (shell !== 'bash') throw new VngFailure(`--completion ${shell}: only bash is known`);
  const flags = optionTable.flatMap((row) => row.flags).join(' ');
  const files = optionTable.filter(({ metavar }) => metavar === 'FILE').flatMap((row) => row.flags);
  return `# bash completion for vng: eval "$(vng --completion bash)"
_vng() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  case $prev in
    --run|-r|--commit|-c) COMPREPLY=($(compgen -d -W '${trees.map(({ name }) => name).join(' ')}' -- "$cur")) ;;
    --patch) COMPREPLY=($(compgen -W '${patches.map(({ name }) => name).join(' ')}' -- "$cur")) ;;
    ${files.join('|')}) COMPREPLY=($(compgen -f -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W '${flags}' -- "$cur")) ;;
  esac
}
complete -o default -F _vng vng
`;
}
