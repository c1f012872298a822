import { Cell } from '../../sim/cell.ts';
import { Choice } from '../../sim/choose.ts';
import { Memory } from '../../sim/memory.ts';
import { SimObject } from '../../sim/object.ts';
import type { CallRecord, OperationRecord, WaitRecord } from './execution.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What a line of the diagram says, and the comment behind it. */
export interface Phrase {
  readonly text: string;
  readonly note: string;
}

/** The outermost of the calls around an operation that stand for it: `mutex_lock` around `__mutex_lock`. */
export function primitiveAround(call: CallRecord | null, vocabulary: Vocabulary): CallRecord | null {
  let outermost: CallRecord | null = null;
  for (let at = call; at !== null && vocabulary.isPrimitive(at.name); at = at.caller) outermost = at;
  return outermost;
}

/** The innermost call that is one of its own, not one that stands for an operation. */
export function functionAround(call: CallRecord | null, vocabulary: Vocabulary): CallRecord | null {
  let at = call;
  while (at !== null && (at.name === '' || vocabulary.isPrimitive(at.name))) at = at.caller;
  return at;
}

/** An operation as a line of C, more or less. */
export function phraseOf(operation: OperationRecord, vocabulary: Vocabulary): Phrase {
  const call = primitiveAround(operation.call, vocabulary);
  if (call !== null && operation.kind !== 'read' && operation.kind !== 'write') {
    return { text: `${call.name}(${argumentOf(operation, call, vocabulary)})`, note: resultNote(operation) };
  }
  const { kind, before, after, result } = operation;
  const name = nameOf(operation, vocabulary);
  switch (kind) {
    case 'read':
      return { text: `read ${name}`, note: operation.performed ? seen(result) : '' };
    case 'write':
      return operation.performed && operation.object instanceof Cell
        ? { text: `${name} = ${valueText(after)}`, note: '' }
        : { text: `write ${name}`, note: '' };
    case 'rmw':
      if (!operation.performed) return { text: `change ${name}`, note: '' };
      return changePhrase(operation, name, before, after);
    case 'acquire':
      return { text: `lock(${name})`, note: resultNote(operation) };
    case 'release':
      return { text: `unlock(${name})`, note: '' };
    case 'wait':
      return { text: `wait for ${name}`, note: '' };
    case 'alloc':
      return { text: `alloc(${name})`, note: '' };
    case 'free':
      return freePhrase(operation);
    case 'choose':
      return {
        text: operation.object instanceof Choice ? 'choose' : `choose in ${name}`,
        note: seen(result),
      };
    case 'delay':
      return { text: 'sleep', note: '' };
    case 'spawn':
      return { text: `spawn(${result instanceof SimObject ? result.name : ''})`, note: '' };
    case 'exit':
      return { text: 'exit', note: '' };
  }
}

/** A wait that had no end. */
export function waitPhrase({ call, kind, name, object }: WaitRecord, vocabulary: Vocabulary): Phrase {
  const primitive = primitiveAround(call, vocabulary);
  const own = vocabulary.objectName(object);
  const what = own === object.name ? name : own;
  if (kind === 'acquire') return { text: `${primitive?.name ?? 'lock'}(${what})`, note: 'waits' };
  return primitive === null
    ? { text: `wait for ${what}`, note: '' }
    : { text: `${primitive.name}()`, note: `waits for ${what}` };
}

/** What an operation does to its object, in one word. */
export function verbOf({ kind, memory, performed }: OperationRecord): string {
  if (kind === 'free' && memory?.kind === 'stack') return 'leaves the frame of';
  const verbs: Readonly<Partial<Record<OperationRecord['kind'], string>>> = {
    read: 'reads',
    write: 'writes',
    rmw: 'changes',
    acquire: 'takes',
    release: 'releases',
    wait: 'waits for',
    alloc: 'allocates',
    free: 'frees',
  };
  const verb = verbs[kind] ?? 'uses';
  return performed ? verb : `is about to ${infinitive(verb)}`;
}

function infinitive(verb: string): string {
  return verb === 'waits for' ? 'wait for' : verb.replace(/s$/, '');
}

/** A value as C would print it: objects by their names. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Memory) return value.name;
  if (value instanceof SimObject) return `&${value.name}`;
  const memory = memoryOf(value);
  return memory === null ? '...' : memory.name;
}

/** The memory that a value points into: a field, a struct, or a node that is embedded in one. */
export function memoryOf(value: unknown): Memory | null {
  if (typeof value !== 'object' || value === null) return null;
  if (value instanceof Memory) return value;
  const { memory } = value as { readonly memory?: unknown };
  if (memory instanceof Memory) return memory;
  for (const part of Object.values(value)) {
    if (part instanceof SimObject && part.memory !== null) return part.memory;
  }
  return null;
}

function changePhrase({ object }: OperationRecord, name: string, before: unknown, after: unknown): Phrase {
  if (object instanceof Cell && typeof after === 'number') {
    const by = typeof before === 'number' ? after - before : NaN;
    if (by === 1) return { text: `${name}++`, note: `now ${after}` };
    if (by === -1) return { text: `${name}--`, note: `now ${after}` };
  }
  return object instanceof Cell
    ? { text: `${name} = ${valueText(after)}`, note: 'in one go' }
    : { text: `change ${name}`, note: '' };
}

function freePhrase({ memory, name, performed }: OperationRecord): Phrase {
  if (memory?.kind === 'stack') return { text: 'return', note: `the end of ${name}, on its stack` };
  return { text: `free(${name})`, note: performed ? '' : 'again' };
}

function resultNote({ kind, result, performed, holds }: OperationRecord): string {
  if (!performed || kind !== 'acquire' || holds) return '';
  return result === false || (typeof result === 'number' && result < 0) ? 'fails' : '';
}

function seen(result: unknown): string {
  return typeof result === 'object' && result !== null && memoryOf(result) === null
    ? ''
    : `sees ${valueText(result)}`;
}

/** What stands in the brackets of a function that stands for an operation: its object, unless its name says that. */
function argumentOf(operation: OperationRecord, call: CallRecord, vocabulary: Vocabulary): string {
  const name = nameOf(operation, vocabulary);
  return call.name.replace('unlock', 'lock').includes(name) ? '' : name;
}

/** What an operation's object was called then, in the words of the model. */
export function nameOf({ object, name }: OperationRecord, vocabulary: Vocabulary): string {
  const own = vocabulary.objectName(object);
  return own === object.name ? name : own;
}
