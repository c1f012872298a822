import { machineInForce } from '../../../sim/machine-in-force.ts';
import { SimObject } from '../../../sim/object.ts';
import { BlockingEffect, Effect, type Operation } from '../../../sim/operation.ts';
import { EAGAIN } from '../../include/errno.ts';
import { O_NONBLOCK, type FileOperations, type FileStruct } from '../../include/fs.ts';
import { kfunc } from '../../kfunc.ts';
import { kthread_at_boot } from '../../kernel/kthread.ts';
import {
  wait_event_interruptible,
  wake_up_interruptible_all,
  WaitQueueHead,
} from '../../kernel/sched/wait.ts';
import { registerDevice } from '../base/core.ts';

/**
 * A port of a virtio console: a channel between the guest and the host, one for each stream of a script. What the
 * guest writes is with the host at once; what comes from the host waits until somebody reads it.
 *
 * Invariant: `received` and `ended` change in operations on this object only, and from outside between two steps.
 */
export class VirtioPort extends SimObject {
  /** Hears what the guest writes. */
  onOutput: ((text: string) => void) | null = null;
  readonly waitqueue: WaitQueueHead;
  private received = '';
  private ended = false;
  private interrupts = 0;
  private starved = false;

  constructor(readonly label: string) {
    super(null);
    this.waitqueue = new WaitQueueHead('&port->waitqueue');
  }

  override get name(): string {
    return this.label;
  }

  /** What came from the host and nobody has read yet. */
  get unread(): number {
    return this.received.length;
  }

  /** Is somebody waiting for more than there is? */
  get wanted(): boolean {
    return this.starved && this.unread === 0 && !this.ended;
  }

  // --- from outside -------------------------------------------------------------------------------

  /** For the host, between steps: text for the guest, and whether it was the last. */
  push(text: string, last: boolean): void {
    this.received += text;
    this.ended ||= last;
    this.interrupts++;
    machineInForce().wake(this);
  }

  // --- operations ---------------------------------------------------------------------------------

  /** Waits for the host to say that there is something new. */
  interrupt(): Operation<void> {
    return new BlockingEffect(
      'wait',
      this,
      'write',
      () => this.interrupts > 0,
      () => {
        this.interrupts = 0;
      },
    );
  }

  /** Takes what there is; null if there may be more to come. */
  take(size: number): Operation<string | null> {
    return new Effect('rmw', this, 'write', () => {
      this.starved = this.received === '' && !this.ended;
      if (this.received === '') return this.ended ? '' : null;
      const part = this.received.slice(0, size);
      this.received = this.received.slice(part.length);
      return part;
    });
  }

  readable(): Operation<boolean> {
    return new Effect('read', this, 'read', () => this.received !== '' || this.ended);
  }

  give(text: string): Operation<number> {
    return new Effect('write', this, 'write', () => {
      this.onOutput?.(text);
      return text.length;
    });
  }
}

/** vring_interrupt() - the host has put something into a queue: wakes who waits for it. In a thread, as on RT. */
const vring_interrupt = kfunc('vring_interrupt', function* (port: VirtioPort) {
  for (;;) {
    yield* port.interrupt();
    yield* wake_up_interruptible_all(port.waitqueue);
  }
});

/**
 * port_fops_read() - read what the host has sent.
 *
 * Context: sleeps interruptibly. Return: the text, '' at its end, -ERESTARTSYS or -EAGAIN.
 * Models: drivers/char/virtio_console.c. Leaves out: hot unplugging.
 */
const port_fops_read = kfunc('port_fops_read', function* (file: FileStruct, port: VirtioPort, size: number) {
  for (;;) {
    const text = yield* port.take(size);
    if (text !== null) return text;
    if ((file.f_flags & O_NONBLOCK) !== 0) return -EAGAIN;
    const error = yield* wait_event_interruptible(port.waitqueue, function* () {
      return yield* port.readable();
    });
    if (error !== 0) return error;
  }
});

/** port_fops_write() - hand text to the host. */
const port_fops_write = kfunc('port_fops_write', function* (port: VirtioPort, text: string) {
  return yield* port.give(text);
});

/** The streams of a script, under the names that virtme-ng gives to their ports. */
export const SCRIPT_PORTS = ['virtme.dev_stdin', 'virtme.dev_stdout', 'virtme.dev_stderr'] as const;

/** Where the guest finds a port. */
export const portPath = (name: string): string => `/dev/virtio-ports/${name}`;

/**
 * Adds the ports to a booted kernel. Set-up code: only a guest that runs a script for the host has them.
 *
 * Return: the ports for standard input, output and error.
 */
export function add_script_ports(): readonly VirtioPort[] {
  return SCRIPT_PORTS.map((name, i) => {
    const port = new VirtioPort(name);
    const fops: FileOperations = {
      read: (file, size) => port_fops_read(file, port, size),
      write: (_file, text) => port_fops_write(port, text),
    };
    for (const path of [portPath(name), `/dev/vport0p${i + 1}`]) registerDevice(path, fops);
    if (i === 0) kthread_at_boot(() => vring_interrupt(port), 'irq/24-virtio0', { priority: 50 });
    return port;
  });
}
