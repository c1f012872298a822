import { withoutUser } from './process_mrelease.v5.16.ts';

export const v5_15_rc1Replacements = [withoutUser];
