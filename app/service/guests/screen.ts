import serializeAddon from '@xterm/addon-serialize';
import headless from '@xterm/headless';

/** Beyond so much that is not parsed yet, the guest is held; below the second it goes on (characters). */
const HOLD_ABOVE = 128 * 1024;
const GO_ON_BELOW = 16 * 1024;
const SCROLLBACK = 5_000;

interface Viewer {
  readonly show: (data: string) => void;
  /** What comes while the snapshot is being made; null once it was sent. */
  held: string[] | null;
}

/**
 * What a guest's terminal shows, kept without a window: who comes late gets a snapshot of the screen, and then what
 * comes. Holds the guest when it prints faster than can be taken in.
 */
export class Screen {
  private readonly terminal: InstanceType<typeof headless.Terminal>;
  private readonly serializer = new serializeAddon.SerializeAddon();
  private readonly viewers = new Set<Viewer>();
  private pending = 0;
  private holding = false;

  constructor(
    cols: number,
    rows: number,
    private readonly hold: (holds: boolean) => void,
  ) {
    this.terminal = new headless.Terminal({ cols, rows, scrollback: SCROLLBACK, allowProposedApi: true });
    this.terminal.loadAddon(this.serializer);
  }

  write(data: string): void {
    this.pending += data.length;
    if (!this.holding && this.pending > HOLD_ABOVE) this.setHolding(true);
    this.terminal.write(data, () => {
      this.pending -= data.length;
      if (this.holding && this.pending < GO_ON_BELOW) this.setHolding(false);
    });
    for (const viewer of this.viewers) {
      if (viewer.held === null) viewer.show(data);
      else viewer.held.push(data);
    }
  }

  /** First what the screen shows now, then what comes. */
  view(show: (data: string) => void): () => void {
    const viewer: Viewer = { show, held: [] };
    this.viewers.add(viewer);
    // Everything written before this has been parsed when the callback comes, and nothing written after it.
    this.terminal.write('', () => {
      if (!this.viewers.has(viewer)) return;
      show(this.serializer.serialize({ scrollback: 1000 }));
      const held = viewer.held ?? [];
      viewer.held = null;
      for (const data of held) show(data);
    });
    return () => this.viewers.delete(viewer);
  }

  resize(cols: number, rows: number): void {
    this.terminal.resize(cols, rows);
  }

  close(): void {
    this.viewers.clear();
    this.terminal.dispose();
  }

  private setHolding(holding: boolean): void {
    this.holding = holding;
    this.hold(holding);
  }
}
