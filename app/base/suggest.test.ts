import { expect, test } from 'vitest';
import { didYouMean, suggest } from './suggest.ts';

test('the nearest candidate is suggested', () => {
  expect(suggest('patchs', ['tree', 'patches', 'config'])).toBe('patches');
  expect(suggest('prempt_rt', ['PREEMPT_RT', 'PREEMPT_RCU'])).toBe('PREEMPT_RT');
  expect(suggest('simple-kvm', ['simple_kvm', 'kvm_run'])).toBe('simple_kvm');
});

test('two swapped letters are one mistake', () => {
  expect(suggest('HZ', ['ZH', 'AB'])).toBe('ZH');
});

test('what resembles nothing gets no suggestion', () => {
  expect(suggest('frobnicate', ['tree', 'patches'])).toBeNull();
  expect(didYouMean('x', ['abc'])).toBe('');
  expect(didYouMean('tre', ['tree'])).toBe('; did you mean "tree"?');
});
