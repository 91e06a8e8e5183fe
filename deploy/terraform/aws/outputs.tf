output "cluster_name" {
  description = "For `aws eks update-kubeconfig --name`."
  value       = aws_eks_cluster.this.name
}

output "kafka_bootstrap" {
  description = "Brokers for kafka.toml: SASL/SCRAM over TLS."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_scram
}

output "kms_key_arn" {
  description = "Key that secrets of Kafka users must be encrypted by."
  value       = aws_kms_key.data.arn
}

output "archive_bucket" {
  description = "Bucket of the catalogue and of copies of records."
  value       = aws_s3_bucket.archive.bucket
}

output "archive_file_system" {
  description = "File system of the storage class `shared`."
  value       = aws_efs_file_system.archive.id
}

output "image_repository" {
  description = "Where to push the image."
  value       = aws_ecr_repository.image.repository_url
}
