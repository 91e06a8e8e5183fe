# A bucket for the catalogue and for copies of records, a file system for the archive that several
# pods read, a registry for the image.

locals {
  buckets = {
    archive = "${local.name}-archive-${local.account}"
    access  = "${local.name}-access-${local.account}"
  }
}

resource "aws_s3_bucket" "archive" {
  #checkov:skip=CKV_AWS_144:records are copied to other regions by those who must, at their cost; versions guard against deletion
  #checkov:skip=CKV2_AWS_62:nothing waits for objects of this bucket
  bucket = local.buckets.archive
}

resource "aws_s3_bucket" "access" {
  #checkov:skip=CKV_AWS_144:logs of access need no copy in another region
  #checkov:skip=CKV2_AWS_62:nothing waits for objects of this bucket
  #checkov:skip=CKV_AWS_18:a bucket of access logs that logged itself would grow without end
  #checkov:skip=CKV_AWS_145:the service that writes access logs takes no key of ours
  bucket = local.buckets.access
}

resource "aws_s3_bucket_public_access_block" "archive" {
  bucket                  = aws_s3_bucket.archive.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_public_access_block" "access" {
  bucket                  = aws_s3_bucket.access.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_ownership_controls" "access" {
  bucket = aws_s3_bucket.access.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "archive" {
  bucket = aws_s3_bucket.archive.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_versioning" "access" {
  bucket = aws_s3_bucket.access.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "access" {
  bucket = aws_s3_bucket.access.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    id     = "versions"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    transition {
      days          = 90
      storage_class = "STANDARD_IA"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "access" {
  bucket = aws_s3_bucket.access.id

  rule {
    id     = "age"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    expiration {
      days = var.log_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }
}

resource "aws_s3_bucket_logging" "archive" {
  bucket        = aws_s3_bucket.archive.id
  target_bucket = aws_s3_bucket.access.id
  target_prefix = "archive/"
}

data "aws_iam_policy_document" "archive_bucket" {
  statement {
    sid     = "OnlyTls"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      aws_s3_bucket.archive.arn,
      "${aws_s3_bucket.archive.arn}/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

data "aws_iam_policy_document" "access_bucket" {
  statement {
    sid       = "Logs"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.access.arn}/archive/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.archive.arn]
    }
  }
}

resource "aws_s3_bucket_policy" "archive" {
  bucket = aws_s3_bucket.archive.id
  policy = data.aws_iam_policy_document.archive_bucket.json

  depends_on = [aws_s3_bucket_public_access_block.archive]
}

resource "aws_s3_bucket_policy" "access" {
  bucket = aws_s3_bucket.access.id
  policy = data.aws_iam_policy_document.access_bucket.json

  depends_on = [aws_s3_bucket_public_access_block.access]
}

resource "aws_efs_file_system" "archive" {
  encrypted       = true
  kms_key_id      = aws_kms_key.data.arn
  throughput_mode = "elastic"

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }

  tags = { Name = "${local.name}-archive" }
}

resource "aws_efs_mount_target" "archive" {
  count = length(local.zones)

  file_system_id  = aws_efs_file_system.archive.id
  subnet_id       = aws_subnet.private[count.index].id
  security_groups = [aws_security_group.files.id]
}

resource "aws_security_group" "files" {
  name_prefix = "${local.name}-files-"
  description = "File system of ${local.name}: from the nodes of the cluster only"
  vpc_id      = aws_vpc.this.id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "files" {
  security_group_id            = aws_security_group.files.id
  description                  = "NFS"
  referenced_security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
}

resource "aws_ecr_repository" "image" {
  name                 = local.name
  image_tag_mutability = "IMMUTABLE"

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.data.arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}
