# Two keys: one for what is stored, one for logs, which another service of AWS writes.

data "aws_iam_policy_document" "data_key" {
  #checkov:skip=CKV_AWS_109:the policy of a key speaks of that key alone, and without its account nobody could administer it
  #checkov:skip=CKV_AWS_111:the same; which users may use the key is said by their own policies
  #checkov:skip=CKV_AWS_356:in the policy of a key "*" is that key
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.root]
    }
  }

  # Volumes of nodes are made by the service that scales them
  statement {
    sid = "Scaling"
    actions = [
      "kms:Encrypt",
      "kms:Decrypt",
      "kms:ReEncrypt*",
      "kms:GenerateDataKey*",
      "kms:DescribeKey",
      "kms:CreateGrant",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]
    }
  }
}

data "aws_iam_policy_document" "log_key" {
  #checkov:skip=CKV_AWS_109:the policy of a key speaks of that key alone, and without its account nobody could administer it
  #checkov:skip=CKV_AWS_111:the same; which users may use the key is said by their own policies
  #checkov:skip=CKV_AWS_356:in the policy of a key "*" is that key
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.root]
    }
  }

  statement {
    sid = "Logs"
    actions = [
      "kms:Encrypt*",
      "kms:Decrypt*",
      "kms:ReEncrypt*",
      "kms:GenerateDataKey*",
      "kms:Describe*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${var.region}:${local.account}:*"]
    }
  }
}

resource "aws_kms_key" "data" {
  description             = "${local.name}: volumes, records, messages, secrets"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.data_key.json
}

resource "aws_kms_alias" "data" {
  name          = "alias/${local.name}-data"
  target_key_id = aws_kms_key.data.key_id
}

resource "aws_kms_key" "logs" {
  description             = "${local.name}: logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.log_key.json
}

resource "aws_kms_alias" "logs" {
  name          = "alias/${local.name}-logs"
  target_key_id = aws_kms_key.logs.key_id
}
