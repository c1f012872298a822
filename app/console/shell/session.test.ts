/* eslint-disable no-control-regex -- what a terminal gets is full of them */
import { describe, expect, test } from 'vitest';
import { Session, type SessionOptions } from '../testing/session.ts';

const PROMPT = 'root@virtme-ng:~# ';

/** A session whose output is looked at line by line, without what only a terminal wants. */
class Plain extends Session {
  constructor(options: SessionOptions = {}) {
    super(options);
  }

  /** Enters a line; what it printed, without its echo and the prompt after it. */
  run(line: string, time?: number): string {
    const output = clean(this.line(line, time));
    const from = output.indexOf('\n') + 1;
    return output.slice(from).replace(PROMPT, '');
  }
}

const clean = (text: string): string => text.replace(/\x1b\[\?2004[hl]\r?/g, '').replace(/\r\n/g, '\n');

describe('jobs', () => {
  test('one in the background is told when it begins and before the prompt after its end', () => {
    const session = new Plain();
    expect(session.run('sleep 2 &')).toBe('[1] 64\n');
    expect(session.run('jobs')).toBe('[1]+  Running                 sleep 2 &\n');
    session.wait(2);
    expect(session.run('true')).toBe('[1]+  Done                    sleep 2\n');
    expect(session.run('jobs')).toBe('');
  });

  test('Ctrl-C ends the one in the foreground, and what comes after it on the line', () => {
    const session = new Plain();
    session.line('sleep 100; echo after');
    expect(clean(session.type('\x03'))).toBe(`^C\n${PROMPT}`);
    expect(session.run('echo $?')).toBe('130\n');
  });

  test('Ctrl-Z stops it, fg goes on with the rest of its sleep', () => {
    const session = new Plain();
    session.line('sleep 5');
    expect(clean(session.type('\x1a'))).toBe(`^Z\n[1]+  Stopped                 sleep 5\n${PROMPT}`);
    expect(session.run('echo $?')).toBe('148\n');
    expect(session.run('jobs')).toBe('[1]+  Stopped                 sleep 5\n');
    expect(clean(session.line('fg', 4))).toBe(`fg\nsleep 5\n${PROMPT}`);
  });

  test('bg has it go on in the background', () => {
    const session = new Plain();
    session.line('sleep 3');
    session.type('\x1a');
    expect(session.run('bg')).toBe('[1]+ sleep 3 &\n');
    session.wait(3);
    expect(session.run('true')).toBe('[1]+  Done                    sleep 3\n');
  });

  test('kill takes jobs, and their ends have names', () => {
    const session = new Plain();
    session.line('sleep 100 &');
    session.line('sleep 200 &');
    session.line('sleep 300 &');
    session.line('kill %1; kill -9 %2; kill -STOP %3');
    session.line('');
    const shown = clean(session.output);
    expect(shown).toMatch(/\[1\][ -] {2}Terminated {14}sleep 100\n/);
    expect(shown).toMatch(/\[2\][ -] {2}Killed {18}sleep 200\n/);
    expect(session.run('jobs')).toBe('[3]+  Stopped(SIGSTOP)        sleep 300\n');
    expect(session.run('kill -CONT %3; kill %3; wait %3; echo $?')).toContain('143\n');
  });

  test('a pipeline is one job: a signal ends all of it', () => {
    const session = new Plain();
    session.line('sleep 100 | cat | cat');
    session.type('\x03');
    expect(session.run('ps | grep -c -e sleep -e cat')).not.toContain('3');
    expect(session.run('false | true | false; echo ${PIPESTATUS[*]}')).toBe('1 0 1\n');
  });

  test('one that reads the terminal from the background is stopped', () => {
    const session = new Plain();
    session.line('cat &');
    expect(session.run('jobs')).toBe('[1]+  Stopped(SIGTTIN)        cat\n');
    session.line('fg');
    session.line('typed');
    expect(clean(session.type('\x04'))).toBe(PROMPT);
    expect(clean(session.output)).toContain('typed\ntyped\n');
  });

  test('a program that was killed leaves the terminal as it was', () => {
    const session = new Plain();
    session.line('read -s secret');
    session.type('\x03');
    expect(session.run('echo seen')).toBe('seen\n');
    expect(clean(session.output)).toContain('echo seen\nseen\n');
  });

  test('wait -n, disown and what there is not', () => {
    const session = new Plain();
    expect(session.run('sleep 1 & sleep 5 & wait -n; echo $?', 2)).toMatch(/\n0\n(\[1\]- {2}Done.*\n)?$/);
    expect(session.run('disown %2; jobs')).not.toContain('sleep 5');
    expect(session.run('fg')).toBe('bash: fg: current: no such job\n');
    expect(session.run('kill %7')).toBe('bash: kill: %7: no such job\n');
    expect(session.run('wait 1')).toBe('bash: wait: pid 1 is not a child of this shell\n');
  });

  test('leaving with stopped jobs takes two tries', () => {
    const session = new Plain();
    session.line('sleep 100');
    session.type('\x1a');
    expect(session.run('exit')).toBe('exit\nThere are stopped jobs.\n');
    expect(session.ended).toBe(undefined);
    session.line('exit 3');
    expect(session.ended).toBe(3 << 8);
  });
});

describe('the prompt', () => {
  test('shows the folder, and Ctrl-D leaves', () => {
    const session = new Plain();
    expect(clean(session.line('cd /sys/kernel'))).toContain('root@virtme-ng:/sys/kernel# ');
    expect(clean(session.type('\x04'))).toBe('exit\n');
    expect(session.ended).toBe(0);
  });

  test('a command goes on over several lines', () => {
    const session = new Plain();
    expect(clean(session.line('for i in 1 2; do'))).toBe('for i in 1 2; do\n> ');
    session.line('echo $i');
    expect(session.run('done')).toBe('1\n2\n');
    session.line("cat <<'E'");
    session.line('$x');
    expect(session.run('E')).toBe('$x\n');
    session.line('echo "a');
    expect(session.run('b"')).toBe('a\nb\n');
    session.line('echo a \\');
    expect(session.run('b')).toBe('a b\n');
  });

  test('Ctrl-C gives up what was typed, over several lines as well', () => {
    const session = new Plain();
    session.line('if true');
    session.type('then');
    expect(clean(session.type('\x03'))).toBe(`^C\n${PROMPT}`);
    expect(session.run('echo $?')).toBe('130\n');
  });

  test('Ctrl-C ends a loop of builtins', () => {
    const session = new Plain();
    session.line('while :; do :; done', 0.2);
    expect(clean(session.type('\x03', 0.2))).toBe(`^C\n${PROMPT}`);
  });

  test('the history comes back by keys and by marks', () => {
    const session = new Plain();
    session.line('echo one');
    expect(clean(session.type('\x1b[A\r'))).toBe(`echo one\none\n${PROMPT}`);
    expect(session.run('!!')).toBe('echo one\none\n');
    expect(session.run('history')).toBe(
      '    1  echo one\n    2  echo one\n    3  echo one\n    4  history\n',
    );
    expect(session.run('!nope')).toBe('bash: !nope: event not found\n');
  });

  test('Tab completes commands, options, variables and paths', () => {
    const session = new Plain();
    session.type('unam\t-\t\t');
    expect(clean(session.output)).toContain('uname -');
    session.type('\x15ls /sys/kernel/deb\t');
    expect(clean(session.type('\r'))).toMatch(/\n(?!.*No such)/);
    expect(clean(session.output)).toContain('ls /sys/kernel/debug/');
    session.line('LONGNAME=value');
    session.type('echo $LONGN\t');
    expect(session.run('')).toBe('value\n');
  });

  test('what is typed while a command runs is for the next one', () => {
    const session = new Plain();
    session.type('sleep 1\recho typed ahead\r', 3);
    expect(
      clean(session.output)
        .split('\n')
        .filter((line) => line === 'typed ahead'),
    ).toHaveLength(1);
  });
});

test("who is not root has a home, and needs sudo for what is root's", () => {
  const session = new Plain({ user: 'ada' });
  expect(clean(session.output)).toContain('ada@virtme-ng:~$ ');
  const run = (line: string): string => session.run(line).replace('ada@virtme-ng:~$ ', '');
  expect(run('pwd; echo $HOME $USER $UID')).toBe('/home/ada\n/home/ada ada 1000\n');
  expect(run('echo 5 > /proc/sys/vm/swappiness')).toMatch(/Permission denied|No such file/);
  expect(run('echo 1 > /sys/kernel/debug/oom_reap_task')).toBe(
    'bash: /sys/kernel/debug/oom_reap_task: Permission denied\n',
  );
  expect(run('echo 1 | sudo tee /sys/kernel/debug/oom_reap_task')).not.toContain('Permission');
  expect(run('echo x > f; cat f; echo x > /etc/f')).toBe('x\nbash: /etc/f: Permission denied\n');
  expect(run('kill -9 2')).toMatch(/Operation not permitted|No such process/);
});

test('shells within shells have jobs of their own, and give the terminal back', () => {
  const session = new Plain({ user: 'ada' });
  expect(clean(session.line('sudo -i'))).toContain('root@virtme-ng:~# ');
  session.line('sleep 100 &');
  session.line('bash');
  session.line('sleep 50');
  session.type('\x1a');
  expect(session.run('jobs')).toBe('[1]+  Stopped                 sleep 50\n');
  session.line('exit');
  session.line('exit');
  expect(session.run('jobs')).toBe('[1]+  Running                 sleep 100 &\n');
  session.line('fg');
  expect(clean(session.type('\x03'))).toBe(`^C\n${PROMPT}`);
  expect(clean(session.line('exit'))).toContain('ada@virtme-ng:~$ ');
  session.line('su');
  expect(clean(session.line('guess'))).toContain('su: Authentication failure\n');
});

test('a script is written, run with its arguments, and ends with its status', () => {
  const session = new Plain();
  for (const line of ["cat > x.sh <<'E'", '#!/bin/bash', 'echo "$0 $1 $#"; exit 4']) session.line(line);
  session.line('E');
  expect(session.run('./x.sh a b; echo $?')).toBe('./x.sh a 2\n4\n');
  expect(session.run('/tmp; ./none; echo $?')).toBe(
    'bash: /tmp: Is a directory\nbash: ./none: No such file or directory\n127\n',
  );
});

test('stty tostop stops those who print from the background', () => {
  const session = new Plain();
  session.line('stty tostop');
  session.line('(sleep 0.5; echo printed) &');
  expect(session.run('jobs')).toContain('Stopped(SIGTTOU)');
  expect(session.run('fg')).toContain('\nprinted\n');
});

test('another size is seen by programs and by the line that is edited', () => {
  const session = new Plain({ rows: 24, cols: 80 });
  expect(session.run('stty size; stty -a | head -n 1')).toBe(
    '24 80\nspeed 38400 baud; rows 24; columns 80; line = 0;\n',
  );
  session.line("trap 'echo resized' WINCH");
  session.type('abc');
  expect(clean(session.resize(40, 100))).toContain('resized');
  session.type('\x15');
  expect(session.run('stty size')).toBe('40 100\n');
});

test('the terminal goes away: the shell and its jobs end', () => {
  const session = new Plain();
  session.line('sleep 1000 &');
  session.hangup();
  expect(session.ended).toBe(129 << 8);
  expect(session.processes()).toEqual([]);
});

test('the same keys at the same time give the same bytes', () => {
  const run = (): string => {
    const session = new Plain();
    session.type('sleep 1 & ls /sys\r', 0.01);
    session.type('echo $!\t\x01\x0b\x19\r', 0.5);
    session.type('sleep 10\r', 0.3);
    session.type('\x1a', 1.5);
    session.line('jobs');
    return session.output;
  };
  expect(run()).toBe(run());
});

test('a program that sleeps where no signal reaches it takes no Ctrl-C and no Ctrl-Z, but the terminal echoes', () => {
  const session = new Plain();
  session.line('memhog -m 4 -d 5000 -s', 1);
  expect(clean(session.type('\x03'))).toBe('^C');
  expect(clean(session.type('\x1a'))).toBe('^Z');
  expect(clean(session.type('echo status $?\r'))).toBe('echo status $?\n');
  expect(session.processes()).toContain('memhog');
  expect(clean(session.wait(5))).toMatch(/^\n.*\nstatus 130\n/);
});
