import { v7_3 } from './trees/v7.3.ts';
import { describe, expect, test } from 'vitest';
import {
  configNames,
  defaultConfig,
  differences,
  kconfig,
  resolveConfig,
  type ConfigChange,
} from './kconfig.ts';

const y = (name: string): ConfigChange => ({ name, value: 'y' });
const n = (name: string): ConfigChange => ({ name, value: 'n' });

function issuesOf(...changes: ConfigChange[]) {
  const result = resolveConfig(changes);
  return result.ok ? [] : result.issues.map(({ code, message }) => `${code}: ${message}`);
}

function configOf(...changes: ConfigChange[]) {
  const result = resolveConfig(changes);
  if (!result.ok) throw new Error(result.issues[0].message);
  return result.config;
}

test('the defaults are those of the debug kernel of the captures', () => {
  expect(defaultConfig()).toMatchObject({
    PREEMPT_RT: true,
    KASAN: true,
    KASAN_VMALLOC: true,
    PROVE_LOCKING: true,
    PROVE_RCU: true,
    DEBUG_ATOMIC_SLEEP: true,
    DEBUG_VM: true,
    HZ: 250,
    KCSAN: false,
  });
});

test('every option has a help text and a default of its type', () => {
  for (const option of kconfig) {
    expect(option.help, option.name).not.toBe('');
    const { type } = option;
    if (type === 'bool') expect(typeof option.default, option.name).toBe('boolean');
    else expect(type, option.name).toContain(option.default);
  }
});

test('what is y by default gives way to a wish', () => {
  expect(configOf(n('KASAN'))).toMatchObject({ KASAN: false, KASAN_VMALLOC: false, KASAN_STACK: false });
  expect(configOf(n('PROVE_LOCKING'))).toMatchObject({ PROVE_RCU: false });
});

test('KCSAN comes with its own defaults, which strict checking takes back', () => {
  expect(configOf(n('KASAN'), y('KCSAN'))).toMatchObject({
    KCSAN_STRICT: false,
    KCSAN_REPORT_VALUE_CHANGE_ONLY: true,
    KCSAN_ASSUME_PLAIN_WRITES_ATOMIC: true,
    KCSAN_IGNORE_ATOMICS: false,
  });
  expect(configOf(n('KASAN'), y('KCSAN'), y('KCSAN_STRICT'))).toMatchObject({
    KCSAN_REPORT_VALUE_CHANGE_ONLY: false,
    KCSAN_ASSUME_PLAIN_WRITES_ATOMIC: false,
  });
  expect(configOf()).toMatchObject({ KCSAN_REPORT_VALUE_CHANGE_ONLY: false });
});

test('PREEMPT_RT selects preemptible RCU', () => {
  expect(configOf(n('PREEMPT_RT'), n('PREEMPT_RCU'))).toMatchObject({
    PREEMPT_RCU: false,
    DEBUG_PREEMPT: false,
  });
  expect(issuesOf(n('PREEMPT_RCU'))).toEqual(['selected: PREEMPT_RCU=n cannot be: PREEMPT_RT=y selects it']);
});

test('the timer frequency is a number or a member of the choice', () => {
  expect(configOf({ name: 'HZ', value: 1000 }).HZ).toBe(1000);
  expect(configOf(y('CONFIG_HZ_300')).HZ).toBe(300);
  expect(configOf(n('HZ_300')).HZ).toBe(250);
});

test('the last of several wishes for an option wins', () => {
  expect(configOf(y('KASAN'), n('KASAN')).KASAN).toBe(false);
});

describe('wishes that cannot be met', () => {
  test.each([
    [[y('PREMPT_RT')], 'unknown-option: unknown option "PREMPT_RT"; did you mean "PREEMPT_RT"?'],
    [[y('HZ_512')], 'unknown-option: unknown option "HZ_512"'],
    [[{ name: 'HZ', value: 500 }], 'bad-value: HZ cannot be 500'],
    [[{ name: 'KASAN', value: 1 }], 'bad-value: KASAN cannot be 1'],
    [[n('KASAN'), y('KASAN_VMALLOC')], 'unmet-dependency: KASAN_VMALLOC=y needs KASAN=y'],
    [[y('KCSAN')], 'unmet-dependency: KCSAN=y needs KASAN=n'],
    [[n('PROVE_RCU')], 'no-prompt: PROVE_RCU=n cannot be: it follows PROVE_LOCKING, which is y'],
    [[n('MMU_NOTIFIER')], 'selected: MMU_NOTIFIER=n cannot be: KVM=y selects it'],
  ] as [ConfigChange[], string][])('%j', (changes, message) => {
    const issues = issuesOf(...changes);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toContain(message);
  });
});

test('all issues are told at once', () => {
  expect(issuesOf(y('X'), y('KCSAN'), { name: 'HZ', value: 7 })).toHaveLength(3);
});

test('differences name what departs from the defaults', () => {
  expect(differences(configOf(n('KASAN'), { name: 'HZ', value: 1000 }))).toEqual({
    HZ: 1000,
    KASAN: 'n',
    KASAN_VMALLOC: 'n',
    KASAN_STACK: 'n',
  });
  expect(differences(defaultConfig())).toEqual({});
});

test('names include the members of choices', () => {
  expect(configNames()).toEqual(expect.arrayContaining(['PREEMPT_RT', 'HZ', 'HZ_1000']));
});

test('what differs from the defaults is told from those of the tree', () => {
  const raw = configOf({ name: 'PROVE_RAW_LOCK_NESTING', value: 'n' });
  expect(differences(raw)).toEqual({});
  expect(differences(raw, v7_3)).toEqual({ PROVE_RAW_LOCK_NESTING: 'n' });
  expect(differences(defaultConfig(v7_3), v7_3)).toEqual({});
  expect(defaultConfig(v7_3).PROVE_RAW_LOCK_NESTING).toBe(true);
});
