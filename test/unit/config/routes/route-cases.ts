/** Service documents with one mistake in what they say of testers and of sticky users, and what is said of it. */
import { serviceText } from '../documents.ts';
import type { Case } from '../mesh-cases.ts';

const OWN_HEADER = 'choose a header of your own, like x-canary; a cookie is written as cookie: {name, value}';

export const routeCases: Case[] = [
  [
    'testers that nothing tells from others',
    serviceText('  testers: {}\n'),
    [
      '6: spec.testers: needs exactly one of header and cookie (write header: {name: x-canary}, or cookie: {name: canary, value: always})',
    ],
  ],
  [
    'testers with both',
    serviceText('  testers: { header: { name: x-canary }, cookie: { name: canary, value: always } }\n'),
    [
      '6: spec.testers: needs exactly one of header and cookie (write header: {name: x-canary}, or cookie: {name: canary, value: always})',
    ],
  ],
  [
    'testers by a header that is a cookie, or of HTTP itself',
    serviceText('  testers: { header: { name: Cookie, value: a } }\n'),
    [`6: spec.testers.header.name: has a meaning of its own (${OWN_HEADER})`],
  ],
  [
    'a cookie that is testers’ and users’ at once',
    serviceText('  testers: { cookie: { name: arm, value: x } }\n  sticky: { cookie: arm }\n'),
    ['7: spec.sticky.cookie: arm is the cookie of testers, too (give one of them another name)'],
  ],
];
