import { Cell } from '../../../sim/cell.ts';
import { machineInForce } from '../../../sim/machine-in-force.ts';
import { SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import { type Termios, type Winsize } from '../../include/termios.ts';
import { WaitQueueHead } from '../../kernel/sched/wait.ts';
import { LineDiscipline, type Received } from './n_tty.ts';

/** What the other side of a terminal does to it. */
export type TtyEvent =
  | { readonly kind: 'input'; readonly text: string }
  | { readonly kind: 'resize'; readonly size: Winsize }
  | { readonly kind: 'hangup' };

/** The port of a terminal: what came from outside and was not looked at yet (the flip buffer). */
class TtyPort extends SimObject {
  readonly events: TtyEvent[] = [];

  constructor() {
    super(null);
  }

  override get name(): string {
    return 'hvc0 port';
  }
}

/**
 * struct tty_struct - a terminal that processes can be controlled by. Input comes from outside of the machine, at
 * any moment; the thread `khvcd` takes it in. What is shown goes to `onOutput` at once.
 *
 * Invariant: `ldisc` is looked at and changed in operations on this object only, each of which stands for one
 * stretch of the C under the locks of the line discipline.
 */
export class TtyStruct extends SimObject {
  readonly ldisc = new LineDiscipline();
  readonly read_wait = new WaitQueueHead('&tty->read_wait');
  readonly winsize: Cell<Winsize>;
  /** The foreground process group, and the session that the terminal controls; 0 for none. */
  readonly pgrp = new Cell(0, 'tty->ctrl.pgrp');
  readonly session = new Cell(0, 'tty->ctrl.session');
  readonly hungUp = new Cell(false, 'tty->flags.TTY_HUPPED');
  readonly port = new TtyPort();

  constructor(
    size: Winsize,
    private readonly show: (text: string) => void,
  ) {
    super(null);
    this.winsize = new Cell(size, 'tty->winsize');
  }

  override get name(): string {
    return 'hvc0';
  }

  // --- from outside -------------------------------------------------------------------------------

  /** For the host, between steps. */
  push(event: TtyEvent): void {
    this.port.events.push(event);
    machineInForce().wake(this.port);
  }

  /** Waits for the next thing that comes from outside. */
  next(): Operation<TtyEvent> {
    const { port } = this;
    return new BlockingEffect(
      'wait',
      port,
      'write',
      () => port.events.length > 0,
      () => port.events.shift() ?? { kind: 'hangup' },
    );
  }

  // --- the line discipline ------------------------------------------------------------------------

  /** Takes input in, and shows what it echoes as. */
  receive(text: string): Operation<Received> {
    return new Effect('rmw', this, 'write', () => {
      const received = this.ldisc.receive(text);
      if (received.echo !== '') this.show(received.echo);
      return received;
    });
  }

  /** Shows an echo that had to wait for something. */
  echo(text: string): Operation<void> {
    return new Effect('write', this, 'write', () => {
      this.show(text);
    });
  }

  /** What a read() may take now; null for nothing. */
  take(size: number): Operation<string | null> {
    return new Effect('rmw', this, 'write', () => this.ldisc.take(size));
  }

  available(): Operation<boolean> {
    return new Effect('read', this, 'read', () => this.ldisc.available);
  }

  /** Prints; waits while output is held. */
  write(data: string): Operation<number> {
    return new BlockingEffect(
      'write',
      this,
      'write',
      () => !this.ldisc.stopped,
      (task) => {
        this.show(this.ldisc.process(data));
        machineInForce().observer?.said?.(task, 'console', data);
        return data.length;
      },
    );
  }

  termios(): Operation<Termios> {
    return new Effect('read', this, 'read', () => this.ldisc.termios);
  }

  setTermios(termios: Termios, flush: boolean): Operation<void> {
    return new Effect('write', this, 'write', () => {
      if (flush) this.ldisc.flush();
      this.ldisc.setTermios(termios);
    });
  }

  flush(): Operation<void> {
    return new Effect('write', this, 'write', () => {
      this.ldisc.flush();
    });
  }
}
