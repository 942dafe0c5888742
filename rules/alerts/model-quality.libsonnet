// Is the model as good as promised? Every figure is of predictions that have a label by now; with too few labels it
// is chance, and the alert stays silent.
local one(metric, labels='') =
  metric + '{job="%(job)s",instance="one",model="grades",model_version="1",label_source="manual"' + labels + '}';

local quality(metric, comparison) = {
  takes: { [comparison]: 'ratio', minimum: 'count' },
  job: 'exporter',
  expr: |||
    %(metric)s{job="%%(job)s"} %(sign)s %%(%(comparison)s)s
    and
      grader_model_labeled_rows{job="%%(job)s"} >= %%(minimum)s
  ||| % { metric: metric, comparison: comparison, sign: if comparison == 'below' then '<' else '>' },
  where: 'model {{ $labels.model }}, version {{ $labels.model_version }}',
  what: 'it is {{ $value | humanize }} by the labels of {{ $labels.label_source }}.',
  example: {
    [one(metric)]: if comparison == 'below' then '1 0x{ticks}' else '0 1x{ticks}',
    [one('grader_model_labeled_rows')]: '%(many)sx{ticks}',
  },
};

{
  alertRules+:: {
    // The sidecar compares with the baseline and with the interval of what it measured.
    ModelAccuracyDrop: {
      takes: {},
      job: 'exporter',
      expr: 'grader_model_retrain_trigger{job="%(job)s", reason="accuracy_drop"} == 1',
      summary: 'The model has become worse than it was.',
      where: 'model {{ $labels.model }}, version {{ $labels.model_version }}',
      what: 'its accuracy has fallen below the baseline by more than is allowed.',
      example: {
        'grader_model_retrain_trigger{job="%(job)s",instance="one",model="grades",model_version="1",reason="accuracy_drop"}':
          '0 1x{ticks}',
      },
    },

    ModelAccuracyLow: quality('grader_model_accuracy', 'below') { summary: 'The accuracy of the model is under its target.' },

    ModelPrecisionLow: quality('grader_model_precision', 'below') { summary: 'The precision of the model is under its target.' },

    ModelRecallLow: quality('grader_model_recall', 'below') { summary: 'The recall of the model is under its target.' },

    ModelF1Low: quality('grader_model_f1_score', 'below') { summary: 'The F1 score of the model is under its target.' },

    ModelAucLow: quality('grader_model_roc_auc', 'below') { summary: 'The area under the ROC curve is under its target.' },

    ModelBrierHigh: quality('grader_model_brier_score', 'above') { summary: 'The Brier score of the model is over its target.' },
  },
}
