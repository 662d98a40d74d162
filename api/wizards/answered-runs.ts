import type { WizardRun } from '../../db/repositories/wizards.ts';

const MOST = 2_000;

/**
 * Runs as this process answered them last. A client has his answer before the books show where his run is; whatever comes next here waits until they do, and need
 * not look there what it knows.
 */
export class AnsweredRuns {
  /** By uuid, the newest last. Null: it could not be noted, and the books are behind. */
  private readonly runs = new Map<string, Promise<WizardRun | null>>();

  add(run: WizardRun, noted: Promise<void>): void {
    const { runs } = this;
    runs.delete(run.uuid);
    runs.set(
      run.uuid,
      noted.then(
        () => run,
        () => null,
      ),
    );
    if (runs.size > MOST) runs.delete(runs.keys().next().value!);
  }

  async noted(uuid: string): Promise<void> {
    await this.runs.get(uuid);
  }

  /** Then it is forgotten. It may have gone on elsewhere: whoever relies on it must see that it did not. */
  async take(uuid: string, isWanted: (run: WizardRun) => boolean): Promise<WizardRun | null> {
    const answered = this.runs.get(uuid);
    const run = await answered;
    if (!run || !isWanted(run)) return null;
    if (this.runs.get(uuid) === answered) this.runs.delete(uuid);
    return run;
  }
}
