/** Bits of `c_iflag`. */
export const ICRNL = 0o400;
export const INLCR = 0o100;
export const IGNCR = 0o200;
export const IXON = 0o2000;
export const IUTF8 = 0o40000;

/** Bits of `c_oflag`. */
export const OPOST = 0o1;
export const ONLCR = 0o4;

/** Bits of `c_lflag`. */
export const ISIG = 0o1;
export const ICANON = 0o2;
export const ECHO = 0o10;
export const ECHOE = 0o20;
export const ECHOK = 0o40;
export const ECHONL = 0o100;
export const NOFLSH = 0o200;
export const TOSTOP = 0o400;
export const ECHOCTL = 0o1000;
export const ECHOKE = 0o4000;
export const IEXTEN = 0o100000;

/** Which character does what: `c_cc` by name. An empty one is switched off. */
export interface ControlCharacters {
  readonly VINTR: string;
  readonly VQUIT: string;
  readonly VERASE: string;
  readonly VKILL: string;
  readonly VEOF: string;
  readonly VEOL: string;
  readonly VSUSP: string;
  readonly VWERASE: string;
  readonly VREPRINT: string;
  readonly VLNEXT: string;
  readonly VSTART: string;
  readonly VSTOP: string;
  readonly VMIN: number;
}

/** struct ktermios - how a terminal treats what goes through it. */
export interface Termios {
  readonly c_iflag: number;
  readonly c_oflag: number;
  readonly c_lflag: number;
  readonly c_cc: ControlCharacters;
}

/** struct winsize */
export interface Winsize {
  readonly rows: number;
  readonly cols: number;
}

/** What a terminal starts with (drivers/tty/tty_io.c), with the UTF-8 mode that the guest's init switches on. */
export const tty_std_termios: Termios = {
  c_iflag: ICRNL | IXON | IUTF8,
  c_oflag: OPOST | ONLCR,
  c_lflag: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
  c_cc: {
    VINTR: '\x03',
    VQUIT: '\x1c',
    VERASE: '\x7f',
    VKILL: '\x15',
    VEOF: '\x04',
    VEOL: '',
    VSUSP: '\x1a',
    VWERASE: '\x17',
    VREPRINT: '\x12',
    VLNEXT: '\x16',
    VSTART: '\x11',
    VSTOP: '\x13',
    VMIN: 1,
  },
};
