// Does the model still see what it was trained on, and is the watch over it alive? No alert is made of a p-value: with
// enough rows it is below any limit. The sidecar decides with the size of the shift (docs/drift.md).
local model = { job: 'exporter', where: 'model {{ $labels.model }}, version {{ $labels.model_version }}' };
local one(metric, labels='') =
  metric + '{job="%(job)s",instance="one",model="grades",model_version="1"' + (if labels == '' then '' else ',' + labels) + '}';

{
  alertRules+:: {
    ModelFeatureDrift: model {
      takes: {},
      expr: 'grader_model_feature_drift_detected{job="%(job)s"} == 1',
      summary: 'A feature of the model is no longer what it was in training.',
      what: 'feature {{ $labels.feature }} has drifted for %(for)s.',
      example: { [one('grader_model_feature_drift_detected', 'feature="length"')]: '0 1x{ticks}' },
    },

    ModelDatasetDrift: model {
      takes: { above: 'ratio' },
      expr: 'grader_model_drifted_features_ratio{job="%(job)s"} > %(above)s',
      summary: 'Most features of the model are no longer what they were in training.',
      what: '{{ $value | humanizePercentage }} of the features have drifted.',
      example: { [one('grader_model_drifted_features_ratio')]: '0 1x{ticks}' },
    },

    ModelPredictionDrift: model {
      takes: { above: 'ratio' },
      expr: |||
        (
            grader_model_prediction_drift_ks_statistic{job="%(job)s"}
          or
            grader_model_prediction_drift_cramers_v{job="%(job)s"}
        ) > %(above)s
        and
          grader_model_prediction_drift_detected{job="%(job)s"} == 1
      |||,
      summary: 'The model predicts otherwise than it used to.',
      what: 'the distance of its predictions to the reference is {{ $value | humanize }}.',
      example: {
        [one('grader_model_prediction_drift_ks_statistic')]: '0 1x{ticks}',
        [one('grader_model_prediction_drift_detected')]: '0 1x{ticks}',
      },
    },

    ModelRetrainRecommended: model {
      takes: {},
      expr: 'grader_model_retrain_trigger{job="%(job)s"} == 1',
      summary: 'There is reason to train the model again.',
      what: 'the reason is {{ $labels.reason }}.',
      example: { [one('grader_model_retrain_trigger', 'reason="schedule"')]: '0 1x{ticks}' },
    },

    ModelFeatureDataQuality: model {
      takes: { above: 'ratio' },
      expr: |||
        grader_model_feature_missing_ratio{job="%(job)s"} > %(above)s
        or
        grader_model_feature_out_of_range_ratio{job="%(job)s"} > %(above)s
        or
        grader_model_feature_unseen_category_ratio{job="%(job)s"} > %(above)s
      |||,
      summary: 'A feature of the model has missing or impossible values.',
      what: '{{ $value | humanizePercentage }} of the values of {{ $labels.feature }} are missing, out of range or unknown.',
      example: { [one('grader_model_feature_missing_ratio', 'feature="length"')]: '0 1x{ticks}' },
    },

    ModelDriftStale: model {
      takes: { above: 'seconds' },
      expr: 'time() - grader_model_drift_last_evaluation_timestamp_seconds{job="%(job)s"} > %(above)s',
      summary: 'Nobody looks at the drift of the model any more.',
      what: 'the last evaluation was {{ $value | humanizeDuration }} ago.',
      example: { [one('grader_model_drift_last_evaluation_timestamp_seconds')]: '0 -1000000x{ticks}' },
    },

    // The service answers requests, yet no row comes into the log that the watch reads.
    ModelLogStalled: model {
      takes: { above: 'seconds', window: 'duration' },
      expr: |||
        time() - grader_model_log_watermark_timestamp_seconds{job="%(job)s"} > %(above)s
        and on ()
          sum (increase(%(requests)s{job="%(application)s"}[%(window)s])) > 0
      |||,
      summary: 'The prediction log stands still while the service is in use.',
      where: 'model {{ $labels.model }} on {{ $labels.instance }}',
      what: 'its newest row is {{ $value | humanizeDuration }} old.',
      example: {
        'grader_model_log_watermark_timestamp_seconds{job="%(job)s",instance="one",model="grades"}': '0 -1000000x{ticks}',
        '%(requests)s{job="%(application)s",instance="one",%(status_label)s="200"}': '0+1x{ticks}',
      },
    },

    ModelLabelsMissing: model {
      takes: { below: 'ratio' },
      expr: 'grader_model_label_coverage_ratio{job="%(job)s"} < %(below)s',
      summary: 'Too few predictions get a label: nobody knows how good the model is.',
      what: '{{ $value | humanizePercentage }} of the predictions that are old enough have one ({{ $labels.label_source }}).',
      example: { [one('grader_model_label_coverage_ratio', 'label_source="manual"')]: '1 0x{ticks}' },
    },

    ModelDriftInsufficientData: model {
      takes: {},
      expr: 'grader_model_drift_sufficient_data{job="%(job)s"} == 0',
      summary: 'Too few predictions to tell whether the model has drifted.',
      what: 'for %(for)s its window has had fewer rows than a decision needs.',
      example: { [one('grader_model_drift_sufficient_data')]: '1 0x{ticks}' },
    },

    PredictionLatencyHigh: model {
      takes: { above: 'seconds', quantile: 'ratio', window: 'duration', minimum: 'count' },
      expr: |||
        histogram_quantile(
          %(quantile)s,
          sum by (job, model, model_version, le) (rate(grader_model_prediction_latency_seconds_bucket{job="%(job)s"}[%(window)s]))
        ) > %(above)s
        and
          sum by (job, model, model_version) (
            increase(grader_model_prediction_latency_seconds_count{job="%(job)s"}[%(window)s])
          ) >= %(minimum)s
      |||,
      summary: 'Predictions take too long.',
      what: 'the %(percentile)s percentile of the last %(window)s is {{ $value | humanizeDuration }}.',
      example: {
        [one('grader_model_prediction_latency_seconds_bucket', 'le="%(over)s"')]: '0x{ticks}',
        [one('grader_model_prediction_latency_seconds_bucket', 'le="+Inf"')]: '0+%(many)sx{ticks}',
        [one('grader_model_prediction_latency_seconds_count')]: '0+%(many)sx{ticks}',
      },
    },
  },
}
