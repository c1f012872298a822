import type { SimObject } from '../../sim/object.ts';
import type { Task } from '../../sim/task.ts';
import type { Section } from '../diagram/explanation.ts';
import type { OperationRecord } from './execution.ts';
import type { Focus } from './focus.ts';
import type { Holdings } from './holdings.ts';
import type { HandOver, Order } from './order.ts';
import type { Selection } from './picks.ts';
import type { Vocabulary } from './vocabulary.ts';
import { functionAround, nameOf, primitiveAround, verbOf } from './words.ts';

/** Uses of the subject that are listed, the last ones. */
const MOST_TOUCHES = 12;

/** What is said below the diagram. */
export class Sections {
  constructor(
    private readonly focus: Focus,
    private readonly selection: Selection,
    private readonly order: Order,
    private readonly holdings: Holdings,
    private readonly vocabulary: Vocabulary,
  ) {}

  all(): Section[] {
    return [this.touches(), this.waiting(), this.circumstances(), this.held(), this.ordered()].filter(
      (section) => section !== null,
    );
  }

  private touches(): Section | null {
    const { touches, pair } = this.selection;
    const { subject } = this.focus;
    if (touches.length === 0 || (subject.kind !== 'memory' && subject.kind !== 'variable')) return null;
    const name = subject.kind === 'memory' ? subject.memory.name : subject.object.name;
    const shown = touches.slice(-MOST_TOUCHES);
    const left = touches.length - shown.length;
    return {
      heading: `Who touched ${name}`,
      text: left === 0 ? [] : [`Left out: ${left} earlier ${left === 1 ? 'operation' : 'operations'}.`],
      items: shown.map((operation) => ({
        label: stepOf(operation),
        text: this.did(operation) + (operation === pair?.[1] ? ', the report' : ''),
      })),
    };
  }

  private waiting(): Section | null {
    const { subject } = this.focus;
    if (subject.kind !== 'waits') return null;
    return {
      heading: 'Who waits for whom',
      text: [],
      items: subject.waits.map(({ task, object, holders }) => ({
        label: this.name(task),
        text: this.wait(task, object, holders),
      })),
    };
  }

  private wait(task: Task, object: SimObject, holders: readonly Task[]): string {
    const waits = `waits for ${this.vocabulary.objectName(object)}`;
    if (holders.length === 0) return `${waits}, which nobody has, and nobody is left to bring it about`;
    const held = task.pending?.kind === 'acquire' ? 'held' : 'held up';
    const who = holders.map((holder) => (holder === task ? 'itself' : this.name(holder)));
    return `${waits}, ${held} by ${who.join(' and ')}`;
  }

  private circumstances(): Section | null {
    const { subject } = this.focus;
    if (subject.kind !== 'place' || subject.circumstances.length === 0) return null;
    return {
      heading: `${this.name(subject.task)} at the report`,
      text: subject.circumstances.map((each) => `${each}.`),
      items: [],
    };
  }

  private held(): Section | null {
    // What two tasks held is told for two moments, and somebody may have let go in between.
    const each =
      new Set(this.selection.decisive.map(({ task }) => task)).size > 1 && this.selection.pair !== null;
    const items = this.selection.decisive.flatMap(({ task, at, step }) => {
      const locks = this.holdings
        .locksAt(task, at)
        .map((lock) => `${nameOf(lock, this.vocabulary)}, ${this.taken(lock)}`);
      const states = this.holdings
        .statesAt(task, at)
        .map(
          (state) => `${state.name}, by ${state.text} in ${this.functionOf(state.call)}, ${stepOf(state)}`,
        );
      const held = [...locks, ...states];
      return (held.length === 0 ? ['none'] : held).map((text, i) => ({
        label: i === 0 ? this.name(task) + (each ? `, ${stepOf({ step })}` : '') : '',
        text,
      }));
    });
    return items.length === 0
      ? null
      : { heading: each ? 'Locks held at each step' : 'Locks held at that point', text: [], items };
  }

  private ordered(): Section | null {
    const { pair } = this.selection;
    if (pair === null) return null;
    const [first, second] = pair;
    const both = `${this.what(first)} (${stepOf(first)}) and ${this.what(second)} (${stepOf(second)})`;
    const way = this.order.path(first, second);
    if (way === null)
      return { heading: 'Why they are unordered', text: this.unordered(first, second, both), items: [] };
    if (way.length === 0) {
      return {
        heading: 'Why they are ordered',
        text: [
          `${capital(both)} are by one task, ${this.name(first.task)}, in this order on every schedule: this is no race.`,
        ],
        items: [],
      };
    }
    return {
      heading: 'Why they are ordered',
      text: [
        `${capital(this.what(first))} (${stepOf(first)}) comes before ${this.what(second)} (${stepOf(second)}) by what ` +
          'follows. This is no data race: wherever these steps come in this order, those two do.',
      ],
      items: way.map((each) => ({ label: stepOf(each.to), text: this.handOver(each) })),
    };
  }

  private unordered(first: OperationRecord, second: OperationRecord, both: string): string[] {
    const known = this.order.clock(second).get(first.task);
    const name = this.name(second.task);
    const other = this.name(first.task);
    const heard =
      known === undefined
        ? `${name} has heard nothing of ${other} by then.`
        : `The last that ${name} has heard of ${other} by then is ${stepOf(known)}: ${this.did(known)}. ` +
          `${capital(this.what(first))} is later.`;
    return [
      `Nothing orders ${both}: between them ${other} handed nothing over to ${name}, no lock, no wake-up, no start ` +
        'and no end. Another schedule may have them the other way round.',
      heard,
      this.inCommon(first, second),
    ];
  }

  private inCommon(first: OperationRecord, second: OperationRecord): string {
    const locks = this.holdings.locksAt(first.task, first.at).map(({ object }) => object);
    const common = this.holdings
      .locksAt(second.task, second.at)
      .filter(({ object }) => locks.includes(object))
      .map(({ name }) => name);
    return common.length === 0
      ? 'They hold no lock in common.'
      : `Both hold ${common.join(' and ')}, which does not keep the one from the other: it is shared.`;
  }

  private handOver({ from, to }: HandOver): string {
    const one = this.name(from.task);
    const two = this.name(to.task);
    const when = `(${stepOf(from)}, in ${this.functionOf(from.call)})`;
    if (from.kind === 'spawn') return `${one} starts ${two} ${when}`;
    if (to.kind === 'wait' && to.object === from.task) return `${two} has waited for the end of ${one}`;
    if (from.kind === 'release') return `${two} takes ${to.name}, which ${one} has released ${when}`;
    if (to.kind === 'wait' || to.kind === 'delay') return `${two} goes on: ${one} has woken it ${when}`;
    return `${two} sees ${to.name}, which ${one} has changed ${when}`;
  }

  /** `tee/67 writes x in f()`. */
  private did(operation: OperationRecord): string {
    const { task, name } = operation;
    return `${this.name(task)} ${verbOf(operation)} ${name} in ${this.functionOf(operation.call)}`;
  }

  private what({ kind, name, memory, performed }: OperationRecord): string {
    if (kind === 'free') return performed ? `the end of ${memory?.name ?? name}` : 'the second free';
    return `the ${{ read: 'read', write: 'write', rmw: 'change' }[kind as string] ?? 'use'} of ${name}`;
  }

  private taken(lock: OperationRecord): string {
    const by = primitiveAround(lock.call, this.vocabulary);
    return `${by === null ? 'taken' : `by ${by.name}()`} in ${this.functionOf(lock.call)}, ${stepOf(lock)}`;
  }

  private functionOf(call: OperationRecord['call']): string {
    const inside = functionAround(call, this.vocabulary);
    return inside === null ? 'its main function' : `${inside.name}()`;
  }

  private name(task: Task): string {
    return this.vocabulary.taskName(task);
  }
}

function stepOf({ step }: { readonly step: number }): string {
  return `step ${step}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
