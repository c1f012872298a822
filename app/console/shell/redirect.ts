import type { Body } from '../../sim/call.ts';
import { strerror } from '../../kernel/include/errno.ts';
import { O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../kernel/include/fs.ts';
import { close, dup2, dupFrom, open, pipe, print, STDERR, STDIN, STDOUT } from '../userland/libc.ts';
import type { RedirectionNode } from './ast.ts';
import { expandString, expandWord } from './expand.ts';
import type { Shell } from './shell.ts';

/** A descriptor as it was before a redirection: at which number it was put aside, -1 if it was closed. */
export interface SavedDescriptor {
  readonly fd: number;
  readonly saved: number;
}

/** Descriptors from here on are the shell's own. */
const FIRST_PRIVATE_FD = 10;

/**
 * Carries out redirections from left to right. The result says how to undo them; null if one failed, which
 * is reported and has undone the others.
 */
export function* redirect(
  shell: Shell,
  redirections: readonly RedirectionNode[],
  save: boolean,
): Body<SavedDescriptor[] | null> {
  const saved: SavedDescriptor[] = [];
  for (const redirection of redirections) {
    let done: boolean;
    try {
      done = yield* redirectOne(shell, redirection, save ? saved : null);
    } catch (error) {
      yield* shell.expansionFailed(error);
      done = false;
    }
    if (done) continue;
    shell.state.status = 1;
    yield* restore(saved);
    return null;
  }
  return saved;
}

export function* restore(saved: readonly SavedDescriptor[]): Body<void> {
  for (const { fd, saved: copy } of [...saved].reverse()) {
    if (copy < 0) {
      yield* close(fd);
      continue;
    }
    yield* dup2(copy, fd);
    yield* close(copy);
  }
}

function* redirectOne(
  shell: Shell,
  redirection: RedirectionNode,
  saved: SavedDescriptor[] | null,
): Body<boolean> {
  const { operator, target } = redirection;
  if (target.type === 'HereDoc') {
    const text = yield* expandString(shell, target.content);
    return yield* redirectText(shell, redirection.fd ?? STDIN, text, saved);
  }
  if (operator === '<<<') {
    const text = yield* expandString(shell, target);
    return yield* redirectText(shell, redirection.fd ?? STDIN, `${text}\n`, saved);
  }
  const words = yield* expandWord(shell, target);
  if (words.length !== 1) {
    yield* shell.complain('ambiguous redirect');
    return false;
  }
  const [word] = words;
  const fd = redirection.fd ?? (operator.startsWith('<') ? STDIN : STDOUT);
  if ((operator === '>&' || operator === '<&') && (word === '-' || /^\d+$/.test(word))) {
    return yield* redirectToDescriptor(shell, fd, word, saved);
  }
  const both = operator === '&>' || operator === '&>>' || operator === '>&';
  if (shell.state.options.noclobber && operator === '>' && (yield* exists(word))) {
    yield* shell.complain(`${word}: cannot overwrite existing file`);
    return false;
  }
  const opened = yield* open(word, OPEN_FLAGS[operator] ?? O_RDONLY);
  if (opened < 0) {
    yield* shell.complain(`${word}: ${strerror(opened)}`);
    return false;
  }
  yield* putAside(both ? STDOUT : fd, saved);
  yield* moveTo(opened, both ? STDOUT : fd);
  if (both) {
    yield* putAside(STDERR, saved);
    yield* dup2(STDOUT, STDERR);
  }
  return true;
}

function* exists(path: string): Body<boolean> {
  const fd = yield* open(path);
  if (fd >= 0) yield* close(fd);
  return fd >= 0;
}

function* redirectToDescriptor(
  shell: Shell,
  fd: number,
  word: string,
  saved: SavedDescriptor[] | null,
): Body<boolean> {
  yield* putAside(fd, saved);
  if (word === '-') {
    yield* close(fd);
    return true;
  }
  const result = yield* dup2(Number(word), fd);
  if (result >= 0) return true;
  yield* shell.complain(`${word}: ${strerror(result)}`);
  return false;
}

/** Here documents come through a pipe, which must hold them whole. */
function* redirectText(
  shell: Shell,
  fd: number,
  text: string,
  saved: SavedDescriptor[] | null,
): Body<boolean> {
  const ends = yield* pipe();
  if (typeof ends === 'number' || text.length > 65536) {
    yield* shell.complain('cannot create a here-document');
    return false;
  }
  yield* print(ends[1], text);
  yield* close(ends[1]);
  yield* putAside(fd, saved);
  yield* moveTo(ends[0], fd);
  return true;
}

function* putAside(fd: number, saved: SavedDescriptor[] | null): Body<void> {
  if (saved === null) return;
  saved.push({ fd, saved: yield* dupFrom(fd, FIRST_PRIVATE_FD) });
}

/** Makes `to` refer to what `from` refers to, and closes `from`. */
export function* moveTo(from: number, to: number): Body<void> {
  if (from === to || from < 0) return;
  yield* dup2(from, to);
  yield* close(from);
}

const OPEN_FLAGS: Readonly<Record<string, number>> = {
  '<': O_RDONLY,
  '>': O_WRONLY | O_CREAT | O_TRUNC,
  '>|': O_WRONLY | O_CREAT | O_TRUNC,
  '>&': O_WRONLY | O_CREAT | O_TRUNC,
  '&>': O_WRONLY | O_CREAT | O_TRUNC,
  '>>': O_WRONLY | O_CREAT | O_APPEND,
  '&>>': O_WRONLY | O_CREAT | O_APPEND,
  '<>': O_RDWR | O_CREAT,
};
