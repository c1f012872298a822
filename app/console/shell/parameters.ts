import { current } from '../../kernel/include/sched.ts';
import { machineInForce } from '../../sim/machine-in-force.ts';
import type { ShellState } from './state.ts';
import { arrayOf, reference, valueOf } from './variables.ts';

/** The value of a variable or special parameter; undefined if it is not set. */
export function lookUp(state: ShellState, name: string): string | undefined {
  if (/^\d+$/.test(name)) return name === '0' ? state.name : state.args[Number(name) - 1];
  switch (name) {
    case '?':
      return String(state.status);
    case '$':
      return String(state.pid);
    case '!':
      return state.lastBackground === 0 ? undefined : String(state.lastBackground);
    case '#':
      return String(state.args.length);
    case '@':
    case '*':
      return state.args.join(' ');
    case '-':
      return state.flags;
    case '_':
      return state.lastArgument;
    case 'BASHPID':
      return String(current().tgid);
    case 'PPID':
      return String(current().ppid);
    case 'UID':
    case 'EUID':
      return String(current().uid);
    case 'BASH_SUBSHELL':
      return current().tgid === state.pid ? '0' : '1';
    case 'BASH_VERSION':
      return '5.2.37(1)-release';
    case 'EPOCHSECONDS':
      return String(Math.floor(machineInForce().now / 1_000_000_000));
    case 'FUNCNAME':
      return state.functionNames[state.functionNames.length - 1];
    case 'LINENO':
      return String(state.line);
    case 'SECONDS':
      return String(Math.floor(machineInForce().now / 1_000_000_000));
    case 'RANDOM':
      state.random = (Math.imul(state.random, 1103515245) + 12345) & 0x7fffffff;
      return String((state.random >>> 16) & 0x7fff);
    default: {
      const parts = state.arrays.size === 0 && !name.includes('[') ? null : reference(name);
      if (parts !== null) return arrayOf(state, parts.name)?.values.get(parts.subscript);
      return name === 'PIPESTATUS' ? String(state.pipeStatus[0]) : valueOf(state, name);
    }
  }
}
