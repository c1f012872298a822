import { expect, test } from 'vitest';
import { Arguments } from './arguments.ts';
import { parseArguments } from './argparse.ts';
import { guestUser } from './guest-user.ts';
import { FakeHost } from './testing/fake-host.ts';

const userOf = (...argv: string[]) => {
  const read = parseArguments(argv);
  if ('shows' in read) throw new Error('shows something');
  return guestUser(new Arguments(read), new FakeHost('/'));
};

test('who works in the guest', () => {
  expect(userOf('--user', 'ada')).toEqual({ name: 'ada', complaint: null });
  expect(userOf('--', 'id')).toEqual({ name: 'root', complaint: null });
  expect(userOf('--user', 'nobody-there')).toEqual({
    name: 'root',
    complaint: 'user nobody-there does not exist, root is taken instead',
  });
});
