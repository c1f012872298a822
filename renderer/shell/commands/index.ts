import type { State } from '../../state/state.ts';
import type { Workbench } from '../../state/workbench.ts';
import { chordOf, isTyping, normalise } from '../keys.ts';
import type { Command } from './command.ts';
import { fileCommands } from './file.ts';
import { goCommands } from './go.ts';
import { guestCommands } from './guest.ts';
import { helpCommands } from './help.ts';
import { runCommands } from './run.ts';
import { shareCommands } from './share.ts';
import { viewCommands } from './view.ts';

/** Everything that can be done. Menus, palette, tool bar and shortcuts are views of this list. */
export const commands: readonly Command[] = [
  ...fileCommands,
  ...viewCommands,
  ...runCommands,
  ...goCommands,
  ...guestCommands,
  ...shareCommands,
  ...helpCommands,
];

const byId = new Map(commands.map((command) => [command.id, command]));
const byChord = new Map(
  commands.flatMap((command) => (command.keys ?? []).map((keys) => [normalise(keys), command] as const)),
);

export function findCommand(id: string): Command {
  const command = byId.get(id);
  if (command === undefined) throw new Error(`there is no command ${id}`);
  return command;
}

export function isEnabled({ when, forViewers }: Command, state: State): boolean {
  if (state.host.kind === 'open' && state.host.role === 'viewer' && forViewers !== true) return false;
  return when === undefined || when(state);
}

export function give(command: Command, workbench: Workbench): void {
  if (!isEnabled(command, workbench.state)) return;
  workbench.attempt(Promise.resolve().then(() => command.run(workbench)));
}

/** Gives commands by their shortcuts, until the function that it returns is called. */
export function listenForKeys(workbench: Workbench): () => void {
  const listener = (event: KeyboardEvent) => {
    const command = byChord.get(chordOf(event));
    if (command === undefined || event.defaultPrevented) return;
    if (isTyping(event) && command.whileTyping !== true) return;
    if (!isEnabled(command, workbench.state)) return;
    event.preventDefault();
    event.stopPropagation();
    give(command, workbench);
  };
  // Before the editor and the terminal see the key.
  window.addEventListener('keydown', listener, { capture: true });
  return () => window.removeEventListener('keydown', listener, { capture: true });
}
