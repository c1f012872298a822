import { Dialog } from 'radix-ui';
import type { ComponentType } from 'react';
import type { DialogName } from '../../state/state.ts';
import { useSelector, useWorkbench } from '../../state/workbench.ts';
import { About } from './about.tsx';
import { Explore } from './explore.tsx';
import { Matrix } from './matrix.tsx';
import { Share } from './share.tsx';
import { Shortcuts } from './shortcuts.tsx';

interface DialogDefinition {
  readonly title: string;
  readonly Content: ComponentType<{ close: () => void }>;
}

const dialogs: Readonly<Record<DialogName, DialogDefinition>> = {
  shortcuts: { title: 'Keyboard shortcuts', Content: Shortcuts },
  about: { title: 'About Scythe', Content: About },
  explore: { title: 'Explore interleavings', Content: Explore },
  matrix: { title: 'Compare kernels', Content: Matrix },
  share: { title: 'Share the view', Content: Share },
};

/** The dialog that is open, if one is. Escape closes it. */
export function Dialogs() {
  const workbench = useWorkbench();
  const name = useSelector((state) => state.dialog);
  const close = () => workbench.set({ dialog: null });
  if (name === null) return null;
  const { title, Content } = dialogs[name];
  return (
    <Dialog.Root open onOpenChange={(stays) => !stays && close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-backdrop" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <Dialog.Title asChild>
            <h2>{title}</h2>
          </Dialog.Title>
          <Content close={close} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
