# Who may do what. Pods get rights by pod identity: no key lies anywhere, no pod uses its node's.

data "aws_iam_policy_document" "trust" {
  for_each = {
    cluster = "eks.amazonaws.com"
    node    = "ec2.amazonaws.com"
    flow    = "vpc-flow-logs.amazonaws.com"
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value]
    }
  }
}

data "aws_iam_policy_document" "pod_trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "cluster" {
  name               = "${local.name}-cluster"
  assume_role_policy = data.aws_iam_policy_document.trust["cluster"].json
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_iam_role" "node" {
  name               = "${local.name}-node"
  assume_role_policy = data.aws_iam_policy_document.trust["node"].json
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset([
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryReadOnly",
  ])

  role       = aws_iam_role.node.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.value}"
}

resource "aws_iam_role" "flow" {
  name               = "${local.name}-flow"
  assume_role_policy = data.aws_iam_policy_document.trust["flow"].json
}

data "aws_iam_policy_document" "flow" {
  statement {
    actions = [
      "logs:CreateLogStream",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
    ]
    resources = ["${aws_cloudwatch_log_group.flow.arn}:*"]
  }
}

resource "aws_iam_role_policy" "flow" {
  name   = "write"
  role   = aws_iam_role.flow.id
  policy = data.aws_iam_policy_document.flow.json
}

# Volumes for the pods
locals {
  volume_drivers = {
    ebs = { policy = "AmazonEBSCSIDriverPolicy", service_account = "ebs-csi-controller-sa" }
    efs = { policy = "AmazonEFSCSIDriverPolicy", service_account = "efs-csi-controller-sa" }
  }
}

resource "aws_iam_role" "volumes" {
  for_each = local.volume_drivers

  name               = "${local.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.pod_trust.json
}

resource "aws_iam_role_policy_attachment" "volumes" {
  for_each = local.volume_drivers

  role       = aws_iam_role.volumes[each.key].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/${each.value.policy}"
}

resource "aws_eks_pod_identity_association" "volumes" {
  for_each = local.volume_drivers

  cluster_name    = aws_eks_cluster.this.name
  namespace       = "kube-system"
  service_account = each.value.service_account
  role_arn        = aws_iam_role.volumes[each.key].arn
}

data "aws_iam_policy_document" "volume_key" {
  statement {
    actions = [
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:GenerateDataKeyWithoutPlaintext",
    ]
    resources = [aws_kms_key.data.arn]
  }
}

resource "aws_iam_role_policy" "volume_key" {
  name   = "key"
  role   = aws_iam_role.volumes["ebs"].id
  policy = data.aws_iam_policy_document.volume_key.json
}

# The platform: its bucket and its key, nothing else
resource "aws_iam_role" "platform" {
  name               = "${local.name}-platform"
  assume_role_policy = data.aws_iam_policy_document.pod_trust.json
}

data "aws_iam_policy_document" "platform" {
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.archive.arn]
  }

  statement {
    sid       = "ReadAndWrite"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.archive.arn}/*"]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.data.arn]
  }
}

resource "aws_iam_role_policy" "platform" {
  name   = "archive"
  role   = aws_iam_role.platform.id
  policy = data.aws_iam_policy_document.platform.json
}

resource "aws_eks_pod_identity_association" "platform" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "mainshock"
  service_account = "mainshock"
  role_arn        = aws_iam_role.platform.arn
}
