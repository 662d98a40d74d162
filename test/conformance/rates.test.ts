import { describeConformance } from './describe.ts';

describeConformance('rates');
