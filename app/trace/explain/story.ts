import type { Task } from '../../sim/task.ts';
import type { Actor, DiagramLine, Explanation } from '../diagram/explanation.ts';
import type { Execution } from './execution.ts';
import type { Focus } from './focus.ts';
import { Holdings } from './holdings.ts';
import { linesOf } from './lines.ts';
import { Order } from './order.ts';
import { select } from './picks.ts';
import { Sections } from './sections.ts';
import { bareVocabulary, type Vocabulary } from './vocabulary.ts';

/** Explains one report of an execution: who did what, in which order, and why it could come to that. */
export function explain(
  execution: Execution,
  focus: Focus,
  vocabulary: Vocabulary = bareVocabulary,
): Explanation {
  const selection = select(execution, focus, vocabulary);
  const { picks, reporter } = selection;
  const actors = [...new Set(picks.map(({ record }) => record.task))];
  if (reporter !== null && !actors.includes(reporter)) actors.push(reporter);
  const order = new Order(execution);
  // From left to right in the order in which they begin.
  const begins = new Map(
    linesOf(picks, actors, order, vocabulary)
      .map(({ actor }, i) => [actors[actor], i] as const)
      .reverse(),
  );
  actors.sort((a, b) => (begins.get(a) ?? Infinity) - (begins.get(b) ?? Infinity) || a.index - b.index);
  const lines = linesOf(picks, actors, order, vocabulary);
  const sections = new Sections(focus, selection, order, new Holdings(execution, vocabulary), vocabulary);
  return {
    title: focus.title,
    diagram: {
      actors: actors.map((task, i) => actorOf(task, i, vocabulary)),
      lines,
      mark: { actor: markedColumn(actors, reporter, lines), text: focus.mark },
    },
    sections: sections.all(),
  };
}

function actorOf(task: Task, column: number, vocabulary: Vocabulary): Actor {
  return { label: `CPU${column}`, name: vocabulary.taskName(task) };
}

/** The report stands below the line of who reported; else below the last line. */
function markedColumn(actors: readonly Task[], reporter: Task | null, lines: readonly DiagramLine[]): number {
  if (reporter !== null) return actors.indexOf(reporter);
  return lines.at(-1)?.actor ?? 0;
}
