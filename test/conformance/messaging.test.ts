import { describeConformance } from './describe.ts';

describeConformance('messaging');
